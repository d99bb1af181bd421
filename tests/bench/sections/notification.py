"""Notifications applied per second, the simulator answering GET status, against one bare view with the same SQL."""

from __future__ import annotations

import random
from collections.abc import Callable

from orders.models import Order
from payments.models import GatewayNotification
from tests.bench import http_load, payable, world
from tests.bench.report import BenchError, Load, Row
from tests.bench.sections import Bench

NEEDS_SERVERS = True
TARGET = 0.3
PATH = "/api/payment/notification"
PER_SECOND = 40
"""Notifications prepared for each second of measuring; each can be applied once."""


def run(bench: Bench) -> None:
    """Apply first successes of orders of three lines: money, PAID, mail, three sales."""
    # The service's own code is warm after a few; each can be applied once.
    ready = payable.settle(bench.web.simulator, payable.make(bench.world, random.Random(f"{bench.seed}-warm"), 24))
    http_load.warm_up(bench.web.shop.port, [http_load.post(PATH, body) for _, body in ready])
    ours, reference, asking = bench.interleave(_shop(bench), _bare(bench), _bare_asking(bench))
    rows, name = bench.report.rows, "notification applied"
    note = "the reference asks nobody; the service asks the simulator, which shares the cores"
    rows.append(
        Row("notification", name, "bare view, same SQL", TARGET, tuple(zip(ours, reference, strict=True)), note)
    )
    rows.append(Row("notification", name, "the same and GET status", None, tuple(zip(ours, asking, strict=True))))
    world.refresh_statistics()


def _count(bench: Bench) -> int:
    return max(http_load.CLIENTS * 5, round(PER_SECOND * bench.seconds))


def _shop(bench: Bench) -> Callable[[int], Load]:
    def measure(seed: int) -> Load:
        ready = payable.make(bench.world, random.Random(f"{seed}-shop"), _count(bench))
        settled = payable.settle(bench.web.simulator, ready)
        requests = [http_load.post(PATH, body) for _, body in settled]
        rate = bench.web.shop.load_of(requests, expect=200)
        paid = Order.objects.filter(pk__in=[one.order_id for one in ready], status="PAID").count()
        ids = [one.gateway_id for one in ready]
        applied = GatewayNotification.objects.filter(gateway_id__in=ids, outcome="APPLIED").count()
        if (paid, applied) != (len(ready), len(ready)):
            raise BenchError(f"{len(ready)} notifications: {applied} applied, {paid} orders paid")
        return rate

    return measure


def _bare(bench: Bench) -> Callable[[int], Load]:
    def measure(seed: int) -> Load:
        ready = payable.make(bench.world, random.Random(f"{seed}-bare"), 3 * _count(bench))
        bodies = [one.body() | {"transaction_id": f"bare-{one.nonce}"} for one in ready]
        return bench.web.bare.load_of([http_load.post("/notification", body) for body in bodies], expect=200)

    return measure


def _bare_asking(bench: Bench) -> Callable[[int], Load]:
    def measure(seed: int) -> Load:
        ready = payable.make(bench.world, random.Random(f"{seed}-ask"), _count(bench))
        settled = payable.settle(bench.web.simulator, ready)
        requests = [http_load.post("/notification?ask=1", one.body()) for one, _ in settled]
        return bench.web.bare.load_of(requests, expect=200)

    return measure
