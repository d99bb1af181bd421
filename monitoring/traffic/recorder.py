"""The sums of one process: what came in since they were last stored."""

from __future__ import annotations

import bisect
import hashlib
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

BUCKETS_MS = (5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 12_000)
"""Upper ends of the duration buckets in milliseconds; the last bucket has none. Order is part of the stored data."""

SLOT_S = 300
MAX_QUERIES = 200  # different slow statements between two stores; more than that is one problem, not many
MAX_SQL = 2000


@dataclass
class RouteSum:
    """Requests of one route in one slot."""

    requests: int = 0
    errors: int = 0
    total_ms: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_MS) + 1))


@dataclass
class QuerySum:
    """One slow statement."""

    sql: str
    route: str = ""
    times: int = 0
    total_ms: int = 0
    worst_ms: int = 0


class Recorder:
    """Adds up; ``take`` hands the sums over and starts anew. Safe for threads, and never waits for the database."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._routes: dict[tuple[datetime, str], RouteSum] = {}
        self._queries: dict[str, QuerySum] = {}

    def add_request(self, route: str, seconds: float, *, failed: bool) -> None:
        """Count a request that took ``seconds``; ``failed`` says that it was answered with a 5xx."""
        ms = round(seconds * 1000)
        key = (_slot(), route[:120])
        with self._lock:
            found = self._routes.setdefault(key, RouteSum())
            found.requests += 1
            found.errors += failed
            found.total_ms += ms
            found.buckets[bisect.bisect_left(BUCKETS_MS, ms)] += 1

    def add_query(self, sql: str, seconds: float, *, route: str) -> None:
        """Count a slow statement; ``sql`` has placeholders where its values were."""
        ms = round(seconds * 1000)
        text = sql[:MAX_SQL]
        digest = hashlib.sha256(text.encode()).hexdigest()
        with self._lock:
            if digest not in self._queries and len(self._queries) >= MAX_QUERIES:
                return
            found = self._queries.setdefault(digest, QuerySum(sql=text))
            found.route = route[:120]
            found.times += 1
            found.total_ms += ms
            found.worst_ms = max(found.worst_ms, ms)

    def take(self) -> tuple[dict[tuple[datetime, str], RouteSum], dict[str, QuerySum]]:
        """Return the sums so far and forget them."""
        with self._lock:
            taken = self._routes, self._queries
            self._routes, self._queries = {}, {}
        return taken


def _slot() -> datetime:
    now = datetime.now(tz=UTC)
    return datetime.fromtimestamp(now.timestamp() // SLOT_S * SLOT_S, tz=UTC)


recorder = Recorder()
