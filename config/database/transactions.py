"""The one place that opens durable transactions, and that knows what became of one whose COMMIT was not answered."""

from __future__ import annotations

import enum
import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import DatabaseError, InterfaceError, connection, transaction

from config.database.errors import DatabaseConnectionError, Trouble, classify
from config.deadline import at_most

logger = logging.getLogger(__name__)
T = TypeVar("T")

CONNECTION_RETRIES = 2
CONFLICT_RETRIES = 3
BACKOFF_S = 0.1
ASK_AFTER_S = (0.0, 0.1, 0.3)
"""When a lost COMMIT is asked after; the old backend may still be at it."""


def unit_of_work(body: Callable[[], T], *, resolve: Callable[[], T | None] | None = None) -> T:
    """Run ``body`` in one durable transaction and return what it returns. Nothing else opens a durable transaction.

    ``body`` must touch only the database: it runs again after a deadlock, a serialization failure (3 times) or a
    connection lost before COMMIT was sent (2 times). Once COMMIT was sent it is not repeated blindly: ``resolve`` looks
    the outcome up on a new connection; without ``resolve`` the server is asked about the transaction's id, and only
    what it calls aborted runs again. Without an answer DatabaseConnectionError says that the outcome is unknown.

    Raises RuntimeError when called inside another transaction, and every error of ``body``, or of a hook that it gave
    to ``transaction.on_commit``, unchanged; trouble in a hook repeats nothing. A timeout (the server's, ours, a lock's,
    the pool's) and an open breaker are never tried again.
    """
    retries = _Retries()
    while True:
        attempt = _Attempt(body, needs_id=resolve is None)
        try:
            return attempt.run()  # type: ignore[no-any-return]
        except (DatabaseError, InterfaceError) as error:
            if attempt.committed.is_set():
                raise  # a later hook's own trouble
            trouble = classify(error)
            if trouble is Trouble.CONFLICT and retries.conflict():
                continue
            if trouble not in {Trouble.CONNECTION, Trouble.DEADLINE}:
                raise
            connection.close()
            if attempt.committing:
                fate, found = _settle(attempt, resolve, error)
                if fate is _Fate.COMMITTED:
                    return found  # type: ignore[no-any-return]
            elif trouble is Trouble.DEADLINE:
                raise
            if not retries.connection(error):
                raise DatabaseConnectionError("The database cannot be reached.") from error


@dataclass
class _Retries:
    """How often it may still be tried again; waits before it says yes."""

    connections_left: int = CONNECTION_RETRIES
    conflicts_left: int = CONFLICT_RETRIES

    def conflict(self) -> bool:
        if not self.conflicts_left:
            return False
        self.conflicts_left -= 1
        pause(CONFLICT_RETRIES - self.conflicts_left)
        return True

    def connection(self, error: Exception) -> bool:
        if not self.connections_left:
            return False
        self.connections_left -= 1
        logger.warning("database.retry", extra={"left": self.connections_left, "error": type(error).__name__})
        pause(CONNECTION_RETRIES - self.connections_left)
        return True


@dataclass
class _Attempt:
    """One run of the body, and how far it came."""

    body: Callable[[], Any]
    needs_id: bool
    committing: bool = False
    committed: threading.Event = field(default_factory=threading.Event)
    result: Any = None
    transaction_id: str | None = None
    """The server's name for this transaction, when it is needed; None also when it wrote nothing."""
    server_started: Any = None

    def run(self) -> Any:
        with transaction.atomic(durable=True):
            transaction.on_commit(self.committed.set)  # the first hook: whatever fails later, the work is done
            self.result = self.body()
            if self.needs_id:
                self._ask_for_id()
            self.committing = True
        return self.result

    def _ask_for_id(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id_if_assigned()::text, pg_postmaster_start_time()")
            self.transaction_id, self.server_started = cursor.fetchone()


class _Fate(enum.Enum):
    COMMITTED = "committed"
    ABORTED = "aborted"


def _settle(
    attempt: _Attempt,
    resolve: Callable[[], Any] | None,
    error: Exception,
) -> tuple[_Fate, Any]:
    """Find out what the lost COMMIT did. Raises DatabaseConnectionError when nobody knows."""
    for wait in ASK_AFTER_S:
        time.sleep(at_most(wait))
        try:
            known = _ask_the_shop(resolve) if resolve else _ask_the_server(attempt)
        except (DatabaseError, InterfaceError) as again:
            logger.warning("database.resolve_failed", extra={"error": type(again).__name__})
            connection.close()
            continue
        if known is not None:
            logger.warning("database.commit_resolved", extra={"fate": known[0].value})
            return known
    raise DatabaseConnectionError(
        "The connection was lost while committing; the outcome is unknown.",
        outcome_unknown=True,
    ) from error


def _ask_the_shop(resolve: Callable[[], Any]) -> tuple[_Fate, Any] | None:
    """Look for what the work would have left. Not finding it proves nothing: it may still be on its way."""
    outcome = resolve()
    return None if outcome is None else (_Fate.COMMITTED, outcome)


def _ask_the_server(attempt: _Attempt) -> tuple[_Fate, Any] | None:
    """Ask what became of the transaction's id; None while it is open.

    A server that was started anew may give an id that was never made durable to somebody else, so its word on an old
    id is then worth nothing.
    """
    if attempt.transaction_id is None:
        return _Fate.ABORTED, None  # it wrote nothing: there is nothing to be done twice
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_xact_status(%s::xid8), pg_postmaster_start_time()",
            [attempt.transaction_id],
        )
        status, started = cursor.fetchone()
    if started != attempt.server_started:
        return None
    if status == "committed":
        return _Fate.COMMITTED, attempt.result
    return (_Fate.ABORTED, None) if status == "aborted" else None


def pause(attempt: int, *, base_s: float = BACKOFF_S) -> None:
    """Wait with full jitter, at most a second, and not beyond the deadline."""
    time.sleep(at_most(min(1.0, random.uniform(0, base_s * 2**attempt))))  # noqa: S311 - jitter, not a secret
