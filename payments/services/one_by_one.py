"""Working through rows one by one: what is wrong with one row must not keep the others waiting."""

from __future__ import annotations

import logging
from typing import Any

from django.db import DatabaseError, InterfaceError

from config.database import DatabaseConnectionError, Trouble, classify

logger = logging.getLogger(__name__)
_OF_ONE_ROW = {Trouble.CONFLICT, Trouble.LOCK_TIMEOUT, Trouble.STATEMENT_TIMEOUT, Trouble.OTHER}


def log_and_go_on(error: Exception, event: str, **extra: Any) -> None:
    """Log what went wrong with one row, so that the loop can take the next one.

    Raises the error again when it is about the database as a whole: then the next row would fare no better.
    """
    if isinstance(error, DatabaseConnectionError):
        raise error
    if isinstance(error, DatabaseError | InterfaceError) and classify(error) not in _OF_ONE_ROW:
        raise error
    logger.error(event, exc_info=error, extra=extra)
