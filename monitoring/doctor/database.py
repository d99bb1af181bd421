"""The database, its migrations, the cache, and whether stock, orders and money agree."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from config.database import check_database_health, database_now
from monitoring import selectors
from monitoring.doctor.base import Answer, Visit, error, ok, warning
from monitoring.invariants import LAWS, check_invariants

OLDEST = 150000
SKEW_S = 2.0
FULL = 0.8


def look_at_database(visit: Visit) -> Iterator[Answer]:
    """Ask whether it answers, how old it is, how full, and what time it has."""
    health = check_database_health()
    if not health["healthy"]:
        step = "see that PostgreSQL runs and that DATABASE_URL names it; `make run` starts the embedded one"
        yield error("answers", f"no, after {health['latency']} ms", step)
        return
    yield ok("answers", f"within {health['latency']} ms")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version_num')::int, current_setting('server_version'),"
            " (SELECT count(*) FROM pg_stat_activity)::float8 / current_setting('max_connections')::int,"
            " current_setting('statement_timeout')"
        )
        number, version, used, timeout = cursor.fetchone()
    if number < OLDEST:
        yield error("version", f"PostgreSQL {version}", "upgrade to PostgreSQL 15 or newer")
    else:
        yield ok("version", f"PostgreSQL {version}")
    if used > FULL:
        yield warning("connections", f"{used:.0%} in use", "lower DATABASE_POOL_SIZE or raise max_connections")
    else:
        yield ok("connections", f"{used:.0%} in use")
    if timeout == "0":
        yield error("statement timeout", "none", "a pooler dropped it: ALTER ROLE ... SET statement_timeout = '10s'")
    else:
        yield ok("statement timeout", timeout)
    skew = abs((database_now() - datetime.now(tz=UTC)).total_seconds())
    if skew > SKEW_S:
        yield warning("clock", f"{skew:.0f} s apart from this machine's", "run a time service (chrony) on both")
    else:
        yield ok("clock", "the same as here")


def look_at_migrations(visit: Visit) -> Iterator[Answer]:
    """Compare the database's tables with the code."""
    executor = MigrationExecutor(connection)
    waiting = [str(migration) for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    if waiting:
        yield error("applied", f"{len(waiting)} wait: {', '.join(waiting[:5])}", "manage.py migrate")
    else:
        yield ok("applied", "all")


def look_at_cache(visit: Visit) -> Iterator[Answer]:
    """Ask the cache for something that is not there."""
    try:
        cache.get("doctor")
    except Exception as trouble:
        yield error("answers", type(trouble).__name__, "see that the server of CACHE_URL runs")
        return
    yield ok("answers", "yes")
    if not settings.CACHE_URL and (visit.deploy or not settings.DEBUG):
        step = "set CACHE_URL=redis://... so that limits count for the whole shop"
        yield warning("shared", "each process has its own memory", step)


def look_at_data(visit: Visit) -> Iterator[Answer]:
    """Check every law, and say what is open."""
    violations = check_invariants()
    for violation in violations:
        yield error(f"law {violation.law.number}", str(violation), "manage.py check_invariants, then docs/runbook.md")
    if not violations:
        yield ok("laws", f"all {len(LAWS)} hold")
    live = selectors.open_incidents().count()
    if live:
        yield warning("incidents", f"{live} open", "look at them in the admin; manage.py run_monitors shows them too")
    else:
        yield ok("incidents", "none open")
