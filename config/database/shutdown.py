"""Leaving in good order: the server is told that we go, instead of finding dead lines."""

from __future__ import annotations

import logging

import psycopg
from django.db import connections
from django.db.utils import Error as DjangoDatabaseError

logger = logging.getLogger(__name__)

POOL_CLOSE_S = 3.0


def close_everything() -> None:
    """Close this thread's connections and the process's pools; safe to call twice. For the end of a process."""
    for connection in connections.all(initialized_only=True):
        try:
            connection.close()
            pool = getattr(connection, "pool", None)
            if pool is not None:
                pool.close(timeout=POOL_CLOSE_S)
        except (DjangoDatabaseError, psycopg.Error) as error:
            logger.warning("database.close_failed", extra={"error": type(error).__name__})
