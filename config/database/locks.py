"""Locks by name, and the database's clock."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.utils import Error as DjangoDatabaseError

logger = logging.getLogger(__name__)


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
