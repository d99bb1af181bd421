"""place_order through the service against the same rows written by pgbench."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace

from django.db import connection

from orders.services import OrderLine, OrderRequest, place_order
from shop.models import User
from tests.bench import cpu, pgbench, processes, world
from tests.bench.bare import facts
from tests.bench.report import BenchError, Load, Row
from tests.bench.sections import Bench

NEEDS_SERVERS = False
TARGET = 0.25


def run(bench: Bench) -> None:
    """Spread over 1,000 variants, then with one hot variant in every cart. No deadlock, ever."""
    before = world.deadlocks()
    for name, hot in (("place_order, spread over 1,000 variants", False), ("place_order, one hot variant", True)):
        ours, reference = bench.interleave(_service(bench, hot=hot), _pgbench(bench, hot=hot))
        note = "8 processes, 3 lines; the hot variant is locked last" if hot else ""
        rounds = tuple(zip(ours, reference, strict=True))
        bench.report.rows.append(Row("placing", name, "the same rows by pgbench", TARGET, rounds, note))
        world.refresh_statistics()
    connection.close()  # its statistics are only as new as its snapshot
    if (after := world.deadlocks()) != before:
        raise BenchError(f"{after - before} deadlocks while placing orders")


def lines(found: world.World, rng: random.Random, *, hot: bool) -> list[int]:
    """Return three different variants in a random order, as carts have them."""
    chosen = rng.sample(found.variants, 2 if hot else 3)
    return rng.sample([*chosen, found.hot], 3) if hot else chosen


def _service(bench: Bench, *, hot: bool) -> Callable[[int], Load]:
    def measure(seed: int) -> Load:
        def make_work(number: int) -> Callable[[], None]:
            rng = random.Random(f"{seed}-{hot}-{number}")
            calls = _calls(bench.world, rng, number, hot=hot)
            return lambda: next(calls)

        with cpu.metered(bench.sandbox.postmaster) as server:
            found = processes.load(make_work, seconds=bench.seconds)
        # The server worked for the orders before the barrier too; what a worker spent on those is not in ``found``.
        warm_up = processes.WARM_UP * processes.PROCESSES
        return replace(found, cpu=found.cpu + server.seconds * found.done / (found.done + warm_up))

    return measure


def _calls(found: world.World, rng: random.Random, number: int, *, hot: bool) -> Iterator[None]:
    """Each step places one order. Every process has customers of its own: a person has one browser."""
    mine = found.customers[number :: processes.PROCESSES]
    users = User.objects.in_bulk([customer.pk for customer in mine])
    while True:
        customer = rng.choice(mine)
        wanted = tuple(OrderLine(quantity=1, variant_id=pk) for pk in lines(found, rng, hot=hot))
        request = OrderRequest(lines=wanted, address_id=customer.address_id)
        placed = place_order(customer=users[customer.pk], request=request, key=f"bench-{rng.getrandbits(64):x}")
        assert not placed.duplicate
        yield


def _pgbench(bench: Bench, *, hot: bool) -> Callable[[int], Load]:
    script = pgbench.place_script(bench.world, hot=hot)
    request = {"items": [{"productId": 1, "variantId": 1, "quantity": 1}] * 3, "addressId": 1}
    values = facts() | {"request": json.dumps(request)}

    return lambda seed: pgbench.run(bench.sandbox, script, seconds=bench.seconds, seed=f"{seed}-{hot}", values=values)
