"""How long each monitor looks, after a million orders. By hand only: writing them takes minutes.

``python -m tests.bench --only monitors``; BENCH_ORDERS says how many.
"""

from __future__ import annotations

import os
import statistics
import time

from django.db import connection, transaction

from monitoring.invariants import LAWS, rows_breaking
from monitoring.monitors import MONITORS, Monitor, Scope
from tests.bench.report import BenchError, Fact, say
from tests.bench.sections import Bench
from tests.support import history

NEEDS_SERVERS = False
SIX = {
    "payment_order_mismatch",
    "stock_negative",
    "duplicate_payment",
    "database_down",
    "stock_reduction_exhausted",
    "order_stuck",
}
ROUNDS = 5


def run(bench: Bench) -> None:
    """Write the history, then let every monitor look a few times, warm; none may find anything."""
    orders = int(os.environ.get("BENCH_ORDERS", "1000000"))
    begun = time.monotonic()
    variants, users = bench.world.variants, tuple(customer.pk for customer in bench.world.customers)
    history.write(orders, variants=variants, users=users)
    say(f"  {orders} orders written in {time.monotonic() - begun:.0f} s")
    facts, total = bench.report.facts, 0.0
    for monitor in MONITORS:
        took = statistics.median(_look(monitor) for _ in range(ROUNDS))
        total += took
        facts.append(Fact("monitors", f"ms: {monitor.name}", round(took), 50 if monitor.name in SIX else None))
    facts.append(Fact("monitors", "ms: all together", round(total), 2000, f"{orders} orders"))
    if os.environ.get("BENCH_FULL"):
        _full(bench)


def _look(monitor: Monitor, *, full: bool = False) -> float:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '300s'")
        begun = time.perf_counter()
        look = monitor.look(Scope(full=full))
        took = (time.perf_counter() - begun) * 1000
    if look.total:
        raise BenchError(f"{monitor.name} found {look.total}: {look.findings[0].subject}")
    return took


def _full(bench: Bench) -> None:
    """The nightly look, and each law over everything."""
    for monitor in MONITORS:
        if monitor.name != "invariants":
            bench.report.facts.append(Fact("nightly", f"ms: {monitor.name}", round(_look(monitor, full=True)), None))
    for law in LAWS:
        begun = time.perf_counter()
        rows, _ = rows_breaking(law.everywhere(), {}, limit=5)
        if rows:
            raise BenchError(f"{law.number}: {rows[0].words}")
        bench.report.facts.append(
            Fact("nightly", f"ms: law {law.number}", round((time.perf_counter() - begun) * 1000), None)
        )
