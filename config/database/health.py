"""Is the database there? Asked on a short connection of its own, for the one in use may be the broken one."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection

from config.database.circuit import breaker
from config.database.driver import BoundedConnection
from config.deadline import deadline

logger = logging.getLogger(__name__)

HEALTH_TIMEOUT_S = 3.0
FRESH_S = 1.0
"""How long an answer stands for the next caller, so that hammering the page does not hammer the server."""
_APPLIED_SQL = "SELECT app, name FROM django_migrations"


@dataclass(frozen=True)
class Health:
    """One look at the database: ``latency`` in milliseconds, ``applied`` the migrations it has seen."""

    healthy: bool
    latency: float
    applied: frozenset[tuple[str, str]] = frozenset()


_asking = threading.Lock()
_last: tuple[float, Health] | None = None


def check_database_health() -> dict[str, Any]:
    """Return ``{"healthy": bool, "latency": milliseconds}``, after 3 s at most; never raises for trouble."""
    health = look()
    return {"healthy": health.healthy, "latency": health.latency}


def look() -> Health:
    """Ask now: connect, read one row (and which migrations it has). An answer also closes the breaker."""
    params = connection.get_connection_params()
    for key in ("cursor_factory", "context", "prepare_threshold"):
        params.pop(key, None)
    params |= {"connect_timeout": 2, "options": "-c statement_timeout=1000", "application_name": "shop-health"}
    started = time.monotonic()
    try:
        with deadline(HEALTH_TIMEOUT_S), BoundedConnection.connect(**params, autocommit=True) as own:
            own.execute("SELECT 1")
            latency = _since(started)
            applied = frozenset((str(app), str(name)) for app, name in own.execute(_APPLIED_SQL))
    except psycopg.errors.UndefinedTable:
        return Health(healthy=True, latency=_since(started))  # there, and empty
    except psycopg.Error as error:
        logger.warning("database.unhealthy", extra={"error": type(error).__name__})
        return Health(healthy=False, latency=_since(started))
    return Health(healthy=True, latency=latency, applied=applied)


def recent_look() -> Health:
    """Return a look that is at most a second old; of many callers at once one asks, the others wait for its answer."""
    global _last  # noqa: PLW0603 - one per process
    with _asking:
        if _last is None or time.monotonic() - _last[0] > FRESH_S:
            _last = (time.monotonic(), look())
        return _last[1]


def breaker_state() -> str:
    """Return the breaker's state in a word: closed, open or half_open."""
    return breaker.state.value


def _since(started: float) -> float:
    return round((time.monotonic() - started) * 1000, 1)
