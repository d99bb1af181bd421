"""The stored sums, read for people: latency by route, the slowest statements."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import OperationalError, ProgrammingError, connection, transaction

from monitoring.models import SlowQuery
from monitoring.traffic.recorder import BUCKETS_MS, MAX_SQL

logger = logging.getLogger(__name__)

# Buckets come one per row, in order; the other columns count once, with the first of them.
_TRAFFIC_SQL = """
SELECT route, hour, n, sum(b)::bigint,
       coalesce(sum(requests) FILTER (WHERE n = 1), 0)::bigint,
       coalesce(sum(errors) FILTER (WHERE n = 1), 0)::bigint,
       coalesce(sum(total_ms) FILTER (WHERE n = 1), 0)::bigint
  FROM (SELECT t.*, date_trunc('hour', slot) AS hour, b, n
          FROM monitoring_routetraffic t, unnest(buckets) WITH ORDINALITY AS u (b, n)
         WHERE slot >= %s) AS rows
 GROUP BY GROUPING SETS ((route, n), (hour, n))
 ORDER BY n
"""
_STATEMENTS_SQL = """
SELECT query, calls, total_exec_time, mean_exec_time
  FROM pg_stat_statements
 WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
 ORDER BY total_exec_time DESC
 LIMIT %s
"""


@dataclass(frozen=True)
class TrafficSum:
    """Requests of one route, or of one hour, over a while. Percentiles are milliseconds read off the buckets."""

    name: str
    requests: int
    errors: int
    total_ms: int
    buckets: tuple[int, ...]

    @property
    def mean_ms(self) -> int:
        """The mean duration."""
        return round(self.total_ms / self.requests)

    @property
    def p50_ms(self) -> int:
        """What half of the requests stayed below."""
        return percentile(self.buckets, 0.50)

    @property
    def p95_ms(self) -> int:
        """What 95 of 100 requests stayed below."""
        return percentile(self.buckets, 0.95)

    @property
    def p99_ms(self) -> int:
        """What 99 of 100 requests stayed below."""
        return percentile(self.buckets, 0.99)


@dataclass(frozen=True)
class TrafficReport:
    """``routes``: the costliest first. ``hours``: oldest first, named by their beginning (ISO, UTC)."""

    routes: list[TrafficSum]
    hours: list[TrafficSum]


def traffic(*, since: timedelta = timedelta(hours=24)) -> TrafficReport:
    """Add the stored sums up by route and by hour (one statement)."""
    sums: dict[tuple[str, str], TrafficSum] = {}
    with connection.cursor() as cursor:
        cursor.execute(_TRAFFIC_SQL, [datetime.now(tz=UTC) - since])
        for route, hour, _, count, requests, errors, total_ms in cursor:
            kind, name = ("route", route) if route is not None else ("hour", hour.isoformat())
            found = sums.get((kind, name), TrafficSum(name, 0, 0, 0, ()))
            sums[kind, name] = TrafficSum(
                name,
                found.requests + requests,
                found.errors + errors,
                found.total_ms + total_ms,
                (*found.buckets, count),
            )
    routes = [found for (kind, _), found in sums.items() if kind == "route"]
    hours = [found for (kind, _), found in sums.items() if kind == "hour"]
    routes.sort(key=lambda found: found.total_ms, reverse=True)
    return TrafficReport(routes, sorted(hours, key=lambda found: found.name))


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
