"""Fifty buyers for ten units at the same moment: ten get one, every time."""

from __future__ import annotations

import threading

from django.db import connection

from config.errors import ShopError
from orders.services import OrderLine, OrderRequest, place_order
from shop.models import User, Variant
from tests.bench import world
from tests.bench.report import BenchError, Fact
from tests.bench.sections import Bench

NEEDS_SERVERS = False
BUYERS, UNITS, ROUNDS = 50, 10, 5


def run(bench: Bench) -> None:
    """Sell out a variant in each round and count what was sold and what is reserved."""
    customers = bench.world.customers[:BUYERS]
    users = [User.objects.get(pk=customer.pk) for customer in customers]
    rounds = ROUNDS if bench.rounds > 1 else 1
    variants = world.short_variants(rounds, on_hand=UNITS)
    before = world.deadlocks()
    sold = []
    for number, variant in enumerate(variants):
        requests = [
            OrderRequest(lines=(OrderLine(quantity=1, variant_id=variant.pk),), address_id=customer.address_id)
            for customer in customers
        ]
        placed = _all_at_once(users, requests, f"rush-{bench.seed}-{number}")
        reserved = Variant.objects.get(pk=variant.pk).reserved
        if reserved != placed:
            raise BenchError(f"{placed} orders were placed, but {reserved} units are reserved")
        sold.append(placed)
    found, wanted = (", ".join(map(str, counts)) for counts in (sold, [UNITS] * rounds))
    bench.report.facts.append(Fact("rush", f"{BUYERS} buyers for {UNITS} units, {rounds} rounds: sold", found, wanted))
    connection.close()
    bench.report.facts.append(Fact("rush", "deadlocks meanwhile", world.deadlocks() - before, 0))


def _all_at_once(users: list[User], requests: list[OrderRequest], key: str) -> int:
    """Let everybody buy from a thread and a connection of his own; return how many orders were placed."""
    barrier, outcomes = threading.Barrier(len(users)), []

    def buy(user: User, request: OrderRequest) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(30)
            place_order(customer=user, request=request, key=key)
        except ShopError as error:
            outcomes.append(error.code)
        except BaseException as error:
            outcomes.append(repr(error))
            raise
        else:
            outcomes.append("placed")
        finally:
            connection.close()

    threads = [threading.Thread(target=buy, args=pair, daemon=True) for pair in zip(users, requests, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if strange := set(outcomes) - {"placed", "insufficient_stock"}:
        raise BenchError(f"buyers saw {sorted(strange)}")
    return outcomes.count("placed")
