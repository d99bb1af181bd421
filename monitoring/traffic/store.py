"""Adding a process's sums to the tables, from a thread of its own so that no request waits for it."""

from __future__ import annotations

import atexit
import logging
import threading
from datetime import UTC, datetime

from django.db import Error, connection, transaction

from monitoring.traffic.recorder import recorder

logger = logging.getLogger(__name__)

EVERY_S = 20.0
_ROUTE_SQL = """
INSERT INTO monitoring_routetraffic AS t (slot, route, requests, errors, total_ms, buckets)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (slot, route) DO UPDATE SET
    requests = t.requests + excluded.requests,
    errors = t.errors + excluded.errors,
    total_ms = t.total_ms + excluded.total_ms,
    buckets = (SELECT array_agg(a + b ORDER BY n)
                 FROM unnest(t.buckets, excluded.buckets) WITH ORDINALITY AS u (a, b, n))
"""
_QUERY_SQL = """
INSERT INTO monitoring_slowquery AS q (digest, sql, route, times, total_ms, worst_ms, last_at)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (digest) DO UPDATE SET
    route = excluded.route,
    times = q.times + excluded.times,
    total_ms = q.total_ms + excluded.total_ms,
    worst_ms = greatest(q.worst_ms, excluded.worst_ms),
    last_at = excluded.last_at
"""


def store() -> int:
    """Add this process's sums to the tables and return how many rows were touched.

    What cannot be stored (the database is away) is lost and logged: it is about speed, not about money.
    """
    routes, queries = recorder.take()
    if not routes and not queries:
        return 0
    now = datetime.now(tz=UTC)
    # Sorted, so that two processes that store at once lock the rows in the same order.
    route_rows = [
        (slot, route, found.requests, found.errors, found.total_ms, found.buckets)
        for (slot, route), found in sorted(routes.items(), key=lambda item: item[0])
    ]
    query_rows = [
        (digest, found.sql, found.route, found.times, found.total_ms, found.worst_ms, now)
        for digest, found in sorted(queries.items())
    ]
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(_ROUTE_SQL, route_rows)
            cursor.executemany(_QUERY_SQL, query_rows)
    except Error as error:
        logger.warning("traffic.not_stored", extra={"rows": len(route_rows), "error": type(error).__name__})
        return 0
    return len(route_rows) + len(query_rows)


class _Storer:
    """The thread; started by the first request, so that a process that serves none has none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()

    def ensure_running(self) -> None:
        """Start the thread unless it runs. A forked worker starts its own."""
        if self._thread is not None and self._thread.is_alive():
            return
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="traffic-store", daemon=True)
                self._thread.start()
                atexit.register(self._ending.set)

    def _run(self) -> None:
        while not self._ending.wait(EVERY_S):
            try:
                store()
            finally:
                connection.close()


storer = _Storer()
