"""The stored sums, read for people: latency by route, the slowest statements."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import OperationalError, ProgrammingError, connection, transaction

from monitoring.models import RouteTraffic, SlowQuery
from monitoring.traffic.recorder import BUCKETS_MS, MAX_SQL

logger = logging.getLogger(__name__)

_STATEMENTS_SQL = """
SELECT query, calls, total_exec_time, mean_exec_time
  FROM pg_stat_statements
 WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
 ORDER BY total_exec_time DESC
 LIMIT %s
"""


@dataclass(frozen=True)
class RouteReport:
    """One route over a while. Percentiles are milliseconds, read off the buckets, so they are estimates."""

    route: str
    requests: int
    errors: int
    mean_ms: int
    p50_ms: int
    p95_ms: int
    p99_ms: int


def routes(*, since: timedelta = timedelta(hours=24)) -> list[RouteReport]:
    """Return the routes of the last while, the one with the most time spent in it first (one query)."""
    rows = RouteTraffic.objects.filter(slot__gte=datetime.now(tz=UTC) - since)
    sums: dict[str, list[int]] = {}
    for route, requests, errors, total_ms, buckets in rows.values_list(
        "route", "requests", "errors", "total_ms", "buckets"
    ):
        found = sums.setdefault(route, [0] * (3 + len(buckets)))
        for at, value in enumerate((requests, errors, total_ms, *buckets)):
            found[at] += value
    reports = [
        RouteReport(
            route=route,
            requests=requests,
            errors=errors,
            mean_ms=round(total_ms / requests),
            p50_ms=percentile(buckets, 0.50),
            p95_ms=percentile(buckets, 0.95),
            p99_ms=percentile(buckets, 0.99),
        )
        for route, (requests, errors, total_ms, *buckets) in sums.items()
    ]
    return sorted(reports, key=lambda report: report.mean_ms * report.requests, reverse=True)


def percentile(buckets: Sequence[int], share: float) -> int:
    """Return the duration (milliseconds) below which ``share`` of the counted requests stayed.

    Within a bucket the requests are taken as evenly spread; what lies in the last one counts as its lower end.
    """
    wanted = share * sum(buckets)
    seen = 0
    for at, count in enumerate(buckets):
        low = BUCKETS_MS[at - 1] if at else 0
        if seen + count >= wanted and count:
            high = BUCKETS_MS[at] if at < len(BUCKETS_MS) else low
            return round(low + (high - low) * (wanted - seen) / count)
        seen += count
    return 0


@dataclass(frozen=True)
class QueryReport:
    """One statement: how often, how long altogether and on average (milliseconds)."""

    sql: str
    times: int
    total_ms: int
    mean_ms: int
    where: str = ""


def slowest_queries(*, limit: int = 10) -> list[QueryReport]:
    """Return the statements that cost most: the server's own statistics where it keeps them, else what we noticed."""
    return _from_server(limit) or [
        QueryReport(row.sql, row.times, row.total_ms, round(row.total_ms / row.times), row.route)
        for row in SlowQuery.objects.order_by("-total_ms")[:limit]
    ]


def _from_server(limit: int) -> list[QueryReport]:
    """Ask pg_stat_statements where the extension is installed; it may still not be loaded, or not for our eyes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('pg_stat_statements') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return []
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_STATEMENTS_SQL, [limit])
            return [QueryReport(sql[:MAX_SQL], calls, round(total), round(mean)) for sql, calls, total, mean in cursor]
    except (ProgrammingError, OperationalError):
        logger.info("traffic.no_server_statistics")
        return []
