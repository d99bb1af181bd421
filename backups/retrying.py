"""A dump that breaks in the middle is made once more: servers restart, migrations hold locks for a while."""

from __future__ import annotations

import logging
import time
from typing import Any

import psycopg
from django.conf import settings

from backups import making
from backups.errors import BackupFailedError, BackupInterruptedError
from backups.manifest import Manifest
from backups.processes import ShouldStop, never
from backups.storage import Store
from backups.target import Target

logger = logging.getLogger(__name__)

_FOR_GOOD = (OSError, psycopg.errors.InsufficientPrivilege)


def back_up(target: Target, store: Store, *, should_stop: ShouldStop = never, **how: Any) -> Manifest:
    """Back up as ``making.back_up`` does; if that fails, wait BACKUP_RETRY_AFTER_S seconds and do it again, once.

    What the preflight finds, a disk that is full and a right that is missing would only fail again. The caller holds
    the lock. Raises BackupError.
    """
    making.preflight(target, store)
    try:
        return making.back_up(target, store, should_stop=should_stop, **how)
    except BackupFailedError as error:
        if isinstance(error.__cause__, _FOR_GOOD):
            raise
        logger.warning(
            "backup.tried_again", extra={"after_s": settings.BACKUP_RETRY_AFTER_S, "error": str(error)[:300]}
        )
    _wait(settings.BACKUP_RETRY_AFTER_S, should_stop)
    return making.back_up(target, store, should_stop=should_stop, **how)


def _wait(seconds: float, should_stop: ShouldStop) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if should_stop():
            raise BackupInterruptedError("Interrupted before the second try; nothing was kept.")
        time.sleep(min(0.2, left))
