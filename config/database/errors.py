"""What an exception means. Errors are told apart by SQLSTATE and connection state, never by class or message.

A statement timeout, a deadlock, an exhausted pool and a dead connection are all Django's ``OperationalError``, and most
lost connections have no SQLSTATE at all.
"""

from __future__ import annotations

import enum
from typing import Final

import psycopg
import psycopg_pool
from django.db import DatabaseError, InterfaceError, OperationalError

RETRY_AFTER_S: Final = 60
"""What a 503 tells the caller to wait."""


class DatabaseConnectionError(Exception):
    """The database could not be reached, or did not answer in time. The web answers 503, a command exits 1.

    ``outcome_unknown`` is True when COMMIT had been sent: the work may or may not have happened.
    """

    status = 503
    retry_after = RETRY_AFTER_S

    def __init__(self, message: str, *, outcome_unknown: bool = False) -> None:
        self.outcome_unknown = outcome_unknown
        super().__init__(message)


class DeadlineExceededError(psycopg.OperationalError):
    """We stopped waiting: the server did not answer before our own deadline. The connection is closed.

    Django shows it as the cause of its ``OperationalError``, like every error of psycopg.
    """


class CircuitOpenError(psycopg.OperationalError):
    """Nobody asked the database: it did not answer lately, and the breaker lets only a probe through."""


class Trouble(enum.Enum):
    """What kind of database trouble an exception is."""

    CONNECTION = "connection"  # nothing is known of the server; the connection is gone
    BREAKER_OPEN = "breaker_open"
    POOL_TIMEOUT = "pool_timeout"
    DEADLINE = "deadline"  # our own clock; the connection is gone
    STATEMENT_TIMEOUT = "statement_timeout"  # the server's clock; the connection lives
    LOCK_TIMEOUT = "lock_timeout"
    CONFLICT = "conflict"  # deadlock or serialization failure: the same transaction may succeed at once
    IDLE_IN_TRANSACTION = "idle_in_transaction"  # the server ended a transaction that did nothing: a bug of ours
    RESOURCES = "resources"  # disk or memory full, read-only
    OTHER = "other"  # a bug, or a constraint that did its work

    @property
    def loses_the_connection(self) -> bool:
        """Whether the connection cannot be used again and is to be closed."""
        return self in {Trouble.CONNECTION, Trouble.DEADLINE, Trouble.IDLE_IN_TRANSACTION}


_BY_SQLSTATE: Final = {
    "25P03": Trouble.IDLE_IN_TRANSACTION,
    "25006": Trouble.RESOURCES,  # read-only: a standby, or a server in need
    "40001": Trouble.CONFLICT,
    "40P01": Trouble.CONFLICT,
    "53100": Trouble.RESOURCES,
    "53200": Trouble.RESOURCES,
    "53300": Trouble.CONNECTION,  # too many clients
    "53400": Trouble.RESOURCES,
    "55P03": Trouble.LOCK_TIMEOUT,
    "57014": Trouble.STATEMENT_TIMEOUT,
    "57P01": Trouble.CONNECTION,  # ended by an administrator or a shutdown
    "57P02": Trouble.CONNECTION,  # ended by a crash elsewhere
    "57P03": Trouble.CONNECTION,  # starting up
    "57P04": Trouble.CONNECTION,  # the database was dropped under us (a restore swaps it)
    "57P05": Trouble.CONNECTION,  # idle for too long
}
_BY_CLASS: Final = {"08": Trouble.CONNECTION, "58": Trouble.RESOURCES}
_BY_EXCEPTION: Final = (
    (psycopg_pool.PoolTimeout, Trouble.POOL_TIMEOUT),
    (psycopg_pool.PoolClosed, Trouble.CONNECTION),  # the process is about to end
    (CircuitOpenError, Trouble.BREAKER_OPEN),
    (DeadlineExceededError, Trouble.DEADLINE),
)


def classify(error: BaseException) -> Trouble:
    """Tell what happened, from the psycopg error that is ``error`` or its cause."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    if not isinstance(cause, psycopg.Error):
        # Django's own InterfaceError ("connection already closed") comes without a cause.
        lost = cause is None and isinstance(error, InterfaceError | OperationalError)
        return Trouble.CONNECTION if lost else Trouble.OTHER
    for kind, trouble in _BY_EXCEPTION:
        if isinstance(cause, kind):
            return trouble
    state = cause.sqlstate
    if state is None:  # refused, cut off, too many clients at connect time: the server's code never arrived
        lost = isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError)
        return Trouble.CONNECTION if lost else Trouble.OTHER
    return _BY_SQLSTATE.get(state) or _BY_CLASS.get(state[:2], Trouble.OTHER)


def trouble_of(error: BaseException | None) -> Trouble | None:
    """Return what makes ``error`` a 503, or None when it is no trouble with the database but a bug or a refusal."""
    if isinstance(error, DatabaseConnectionError):
        return Trouble.CONNECTION
    if isinstance(error, DatabaseError | InterfaceError | psycopg.Error):
        trouble = classify(error)
        return None if trouble is Trouble.OTHER else trouble
    return None


def violated_constraint(error: BaseException) -> str:
    """Return the name of the constraint that an IntegrityError is about, or an empty string."""
    cause = error.__cause__
    return (cause.diag.constraint_name or "") if isinstance(cause, psycopg.Error) else ""
