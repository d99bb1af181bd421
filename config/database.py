"""How the shop uses PostgreSQL: one place that opens durable transactions, and that knows what an error means.

Errors are told apart by SQLSTATE and connection state, never by Django's class or the message: a statement timeout, a
deadlock and a dead connection are all ``OperationalError``.
"""

from __future__ import annotations

import enum
import hashlib
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
import psycopg_pool
from django.db import DatabaseError, connection, transaction
from django.db.utils import Error as DjangoDatabaseError
from django.db.utils import InterfaceError

logger = logging.getLogger(__name__)
T = TypeVar("T")

CONNECTION_RETRIES = 2
CONFLICT_RETRIES = 3
BACKOFF_S = 0.1


class DatabaseConnectionError(Exception):
    """The database could not be reached, or did not answer in time. The web answers 503, a command exits 1.

    ``outcome_unknown`` is True when COMMIT had been sent: the work may or may not have happened.
    """

    def __init__(self, message: str, *, outcome_unknown: bool = False) -> None:
        self.outcome_unknown = outcome_unknown
        super().__init__(message)


class Trouble(enum.Enum):
    """What kind of database trouble an exception is."""

    CONNECTION = "connection"  # nothing is known of the server; the connection is gone
    CONFLICT = "conflict"  # deadlock or serialization failure: the same transaction may succeed at once
    LOCK_TIMEOUT = "lock_timeout"
    STATEMENT_TIMEOUT = "statement_timeout"
    POOL_TIMEOUT = "pool_timeout"
    RESOURCES = "resources"  # disk or memory full, read-only
    OTHER = "other"


def classify(error: BaseException) -> Trouble:
    """Tell what happened, from the psycopg error that is ``error`` or its cause."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    if isinstance(cause, psycopg_pool.PoolTimeout):
        return Trouble.POOL_TIMEOUT
    if not isinstance(cause, psycopg.Error):
        # Django raises its own InterfaceError ("connection already closed") without a cause.
        return Trouble.CONNECTION if isinstance(error, InterfaceError) else Trouble.OTHER
    state = cause.sqlstate
    if state is None:
        lost = isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError)
        return Trouble.CONNECTION if lost else Trouble.OTHER
    if state in {"57P01", "57P02", "57P03", "25P03", "53300"} or state.startswith("08"):
        return Trouble.CONNECTION
    if state in {"40001", "40P01"}:
        return Trouble.CONFLICT
    if state == "55P03":
        return Trouble.LOCK_TIMEOUT
    if state == "57014":
        return Trouble.STATEMENT_TIMEOUT
    if state in {"53100", "53200", "25006"} or state.startswith("58"):
        return Trouble.RESOURCES
    return Trouble.OTHER


def violated_constraint(error: BaseException) -> str:
    """Return the name of the constraint that an IntegrityError is about, or an empty string."""
    cause = error.__cause__
    return (cause.diag.constraint_name or "") if isinstance(cause, psycopg.Error) else ""


def unit_of_work(body: Callable[[], T], *, resolve: Callable[[], T | None] | None = None) -> T:
    """Run ``body`` in one durable transaction and return what it returns. Nothing else opens a durable transaction.

    ``body`` must touch only the database: it runs again after a deadlock, a serialization failure (3 times) or a
    connection lost before COMMIT was sent (2 times). Once COMMIT was sent nothing is repeated: ``resolve`` looks the
    outcome up on a new connection, and without an answer DatabaseConnectionError says that the outcome is unknown.
    Raises RuntimeError when called inside another transaction, and every error of ``body``, or of a hook that it gave
    to ``transaction.on_commit``, unchanged; trouble in a hook repeats nothing.
    """
    connection_left, conflicts_left = CONNECTION_RETRIES, CONFLICT_RETRIES
    while True:
        committing, committed = False, threading.Event()
        try:
            with transaction.atomic(durable=True):
                transaction.on_commit(committed.set)  # the first hook: whatever fails later, the work is done
                result = body()
                committing = True
            return result
        except DatabaseError as error:
            if committed.is_set():
                raise  # a later hook's own trouble
            trouble = classify(error)
            if trouble is Trouble.CONFLICT and conflicts_left:
                conflicts_left -= 1
                _pause(CONFLICT_RETRIES - conflicts_left)
                continue
            if trouble is not Trouble.CONNECTION:
                raise
            connection.close()
            if committing:
                return _resolve_outcome(resolve, error)
            if not connection_left:
                raise DatabaseConnectionError("The database cannot be reached.") from error
            connection_left -= 1
            logger.warning("database.retry", extra={"left": connection_left, "error": type(error).__name__})
            _pause(CONNECTION_RETRIES - connection_left)


def _resolve_outcome(resolve: Callable[[], T | None] | None, error: DatabaseError) -> T:
    """Ask ``resolve`` what the lost COMMIT did; the old backend may still be at it, so ask a few times."""
    if resolve is not None:
        for wait in (0.0, 0.1, 0.3):
            time.sleep(wait)
            try:
                outcome = resolve()
            except DatabaseError as again:
                logger.warning("database.resolve_failed", extra={"error": type(again).__name__})
                connection.close()
                continue
            if outcome is not None:
                logger.warning("database.commit_resolved")
                return outcome
    raise DatabaseConnectionError(
        "The connection was lost while committing; the outcome is unknown.",
        outcome_unknown=True,
    ) from error


def _pause(attempt: int) -> None:
    """Wait with full jitter, at most a second."""
    time.sleep(min(1.0, random.uniform(0, BACKOFF_S * 2**attempt)))  # noqa: S311 - jitter, not a secret


def advisory_key(name: str) -> int:
    """Return the signed 64-bit key that PostgreSQL's advisory locks use for ``name``."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


@contextmanager
def advisory_lock(name: str) -> Iterator[bool]:
    """Hold the session lock ``name`` while the block runs; yields False at once when somebody else holds it.

    For commands only (they have a direct connection): a transaction pooler would hand the lock to a stranger.
    """
    key = advisory_key(name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        held = bool(cursor.fetchone()[0])
    try:
        yield held
    finally:
        if held:
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
            except DjangoDatabaseError:
                # The session is gone, and the lock with it.
                logger.warning("database.lock_lost", extra={"lock": name})
                connection.close()


def lock_names(*names: str) -> None:
    """Take transaction-level advisory locks on ``names`` in key order; they end with the transaction."""
    keys = sorted({advisory_key(name) for name in names})
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(k) FROM unnest(%s::bigint[]) AS k", [keys])


def database_now() -> Any:
    """Return the database's clock (UTC, aware); deadlines are compared with it, never with this machine's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def check_database_health() -> dict[str, Any]:
    """Return ``{"healthy": bool, "latency": milliseconds}``; opens its own short connection, never raises for trouble.

    The request's own connection is left alone: it may be the broken one.
    """
    params = connection.get_connection_params()
    for key in ("cursor_factory", "context", "pool", "prepare_threshold"):
        params.pop(key, None)
    params |= {"connect_timeout": 2, "options": "-c statement_timeout=1000"}
    started = time.monotonic()
    try:
        with psycopg.connect(**params, autocommit=True) as own:
            own.execute("SELECT 1")
    except psycopg.Error as error:
        logger.warning("database.unhealthy", extra={"error": type(error).__name__})
        return {"healthy": False, "latency": round((time.monotonic() - started) * 1000, 1)}
    return {"healthy": True, "latency": round((time.monotonic() - started) * 1000, 1)}
