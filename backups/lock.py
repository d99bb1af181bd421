"""One backup, verification or restore at a time: on this machine by a file, across machines by the server."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg

from backups.errors import BackupFailedError, BackupLockedError, BackupUsageError
from backups.target import Connection, Target, one_line, sweep_private_folders
from config.database import advisory_key


@contextlib.contextmanager
def held(folder: Path, target: Target | None) -> Iterator[None]:
    """Hold the lock of ``folder`` and, with a ``target``, that database's lock on its server, during the block.

    The kernel and the server free both when we die. Raises BackupLockedError at once when somebody else has one,
    BackupFailedError when the server cannot be asked, BackupUsageError when the folder is not ours.
    """
    lock = folder / ".lock"
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise BackupUsageError(
            f"{lock} cannot be opened ({error.strerror}). Did another user make it? It must belong to the shop's user."
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupLockedError(
                f"Another backup, verification or restore is using {folder}; wait for it (the lock ends with it)."
            ) from None
        sweep_private_folders()
        if target is None:
            yield
            return
        with contextlib.closing(_session(target)) as session:
            key = advisory_key(f"backups:{target.name}")
            row = session.execute("SELECT pg_try_advisory_lock(%s)", [key]).fetchone()
            if not row or not row[0]:
                raise BackupLockedError(f"Another machine is backing up or restoring {target.name!r}; wait for it.")
            yield
    finally:
        os.close(handle)


def _session(target: Target) -> Connection:
    """Connect where advisory locks of all our commands meet: they are per database, and ours may be missing."""
    try:
        return target.connect_for_maintenance()
    except BackupFailedError:
        try:
            return target.connect()
        except psycopg.Error as error:
            raise BackupFailedError(f"The database cannot be reached: {one_line(error)}") from error
