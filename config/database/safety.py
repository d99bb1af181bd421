"""``with_database_safety``: a time limit, a second try where that is safe, a stand-in where that is honest."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from django.db import DatabaseError, InterfaceError, connection

from config.database.errors import DatabaseConnectionError, Trouble, trouble_of
from config.database.statements import StatementWatch
from config.deadline import at_most, deadline

logger = logging.getLogger(__name__)
T = TypeVar("T")

BACKOFF_S = 1.0
"""The wait before the first retry; it doubles: 1 s, 2 s."""
_NONE_GIVEN: Final[Any] = object()
_UNCHANGED = {Trouble.LOCK_TIMEOUT, Trouble.CONFLICT}


def with_database_safety(
    fn: Callable[[], T],
    *,
    timeout: float = 10,
    retries: int = 2,
    fallback: T = _NONE_GIVEN,
    operation_name: str = "Database Query",
) -> T:
    """Return what ``fn`` returns; every wait for the database in it, retries included, ends after ``timeout`` seconds.

    ``fn`` runs again, after 1 s and 2 s and on a new connection, when the connection was lost and it had only read so
    far; a ``unit_of_work`` in it does its own retries, which know whether COMMIT was sent. ``fallback`` (copied) is
    returned for any trouble with the database; it is for what a page can honestly do without, never for price, stock,
    money or permission, so a write in ``fn`` then raises WriteRefusedError before it is sent.

    Raises DatabaseConnectionError ("<operation_name> timeout after 3000ms", or that it failed), and everything else
    unchanged. Inside a transaction there is no retry and no fallback, only the time limit: the transaction is its
    owner's, and half of it would be gone.
    """
    with deadline(timeout):
        if connection.in_atomic_block:
            return fn()
        retried = 0
        while True:
            with StatementWatch(refuse_writes=fallback is not _NONE_GIVEN) as watch:
                try:
                    return fn()
                except (DatabaseConnectionError, DatabaseError, InterfaceError) as error:
                    trouble = trouble_of(error)
                    if trouble is None:
                        raise
                    failure = error
            if trouble.loses_the_connection:
                connection.close()
            again = trouble is Trouble.CONNECTION and not isinstance(failure, DatabaseConnectionError)
            if again and not watch.wrote and retried < retries:
                retried += 1
                logger.warning("database.retry", extra={"operation": operation_name, "attempt": retried})
                time.sleep(at_most(BACKOFF_S * 2 ** (retried - 1)))
                continue
            break
    if fallback is not _NONE_GIVEN:
        logger.warning("database.fallback", extra={"operation": operation_name, "trouble": trouble.value})
        return copy.copy(fallback)
    if trouble in _UNCHANGED or isinstance(failure, DatabaseConnectionError):
        raise failure
    raise DatabaseConnectionError(
        _in_words(operation_name, trouble, timeout),
        outcome_unknown=watch.wrote and trouble.loses_the_connection,
    ) from failure


def _in_words(operation_name: str, trouble: Trouble, timeout: float) -> str:
    if trouble in {Trouble.DEADLINE, Trouble.STATEMENT_TIMEOUT}:
        return f"{operation_name} timeout after {round(timeout * 1000)}ms"
    return f"{operation_name} failed: {trouble.value.replace('_', ' ')}"
