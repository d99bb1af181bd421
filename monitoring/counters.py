"""What every process counts of itself for Prometheus. Apart from ``metrics``, which loads all that reads the shop."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from config.database import BreakerState, breaker
from monitoring.traffic.recorder import BUCKETS_MS

REQUESTS = Histogram(
    "shop_http_request_seconds",
    "Duration of requests by route.",
    ("method", "route", "status"),
    buckets=[ms / 1000 for ms in BUCKETS_MS],
)
SLOW_QUERIES = Counter("shop_slow_queries_total", "Statements that took longer than SLOW_QUERY_MS.")
BREAKER = Gauge(
    "shop_database_breaker_open",
    "Whether this process refuses database work because the server cannot be reached (1) or not (0).",
    multiprocess_mode="max",
)


def watch_breaker() -> None:
    """Follow the breaker of this process from now on; called once, when the app is ready."""
    breaker.add_listener(lambda _, after: BREAKER.set(float(after is not BreakerState.CLOSED)))


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count one request; the label is the class of its status (``2xx``), for few labels are cheap."""
    known = method if method in {"GET", "POST", "HEAD"} else "other"
    REQUESTS.labels(known, route, f"{status // 100}xx").observe(seconds)


def count_slow_query() -> None:
    """Count one statement that took long."""
    SLOW_QUERIES.inc()
