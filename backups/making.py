"""One backup from beginning to end: preflight, dump and facts of one snapshot, manifest, verification, retention."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from django.conf import settings

from backups import database, programs
from backups import manifest as manifests
from backups.dump import Progress, dump
from backups.errors import BackupFailedError
from backups.facts import exported_snapshot, read_facts
from backups.manifest import FULL_READ, Manifest
from backups.processes import ShouldStop, never
from backups.retention import expired
from backups.storage import Store
from backups.target import Target, one_line
from backups.verify import verify

logger = logging.getLogger(__name__)

DAILY, SAFETY = "daily", "safety"
_SHARE = 0.5  # of a database's size, when there is no earlier backup to go by: indexes are not dumped


@dataclass(frozen=True)
class Plan:
    """What the preflight found: bytes of the database, the program, and how much space the backup may take."""

    database_size: int
    pg_dump: Path
    pg_dump_major: int
    needed: int


def preflight(target: Target, store: Store) -> Plan:
    """Check everything that can be known before. Raises BackupFailedError."""
    with _honest(target), contextlib.closing(target.connect()) as session:
        row = session.execute("SELECT pg_database_size(current_database())").fetchone()
        assert row is not None
        major = session.info.server_version // 10_000
    program, program_major = programs.find("pg_dump", server=major)
    last = store.newest_verified(target.name)
    needed = last.file.size if last else int(row[0] * _SHARE)
    store.require_space(needed)
    return Plan(row[0], program, program_major, needed)


def back_up(
    target: Target,
    store: Store,
    *,
    kind: str = DAILY,
    pinned: bool = False,
    verify_it: bool = True,
    should_stop: ShouldStop = never,
    progress: Progress = lambda _done: None,
) -> Manifest:
    """Dump ``target`` into ``store`` and return the manifest; verified by a full read unless told otherwise.

    The caller holds the lock. What killed runs left in the folder is removed first. Whatever goes wrong, there is no
    manifest and so no backup. Raises BackupFailedError, BackupInterruptedError; BackupCorruptError when the fresh file
    does not read back (it is kept, and says so).
    """
    started = time.monotonic()
    store.sweep()
    plan = preflight(target, store)
    name = store.new_name(target.name)
    path = store.folder / f"{name}{manifests.DUMP_SUFFIX}"
    try:
        with _honest(target), exported_snapshot(target) as (session, snapshot, taken_at):
            facts = read_facts(session)
            belongings = database.settings_of(session, target.name)
            dumped = dump(
                target,
                program=plan.pg_dump,
                snapshot=snapshot,
                to=path,
                should_stop=should_stop,
                progress=progress,
            )
        manifest = Manifest(
            name=name,
            database=target.name,
            kind=kind,
            taken_at=taken_at.astimezone(UTC),
            seconds=round(time.monotonic() - started, 3),
            file=dumped,
            pg_dump_major=plan.pg_dump_major,
            facts=facts,
            settings=belongings,
            pinned=pinned,
        )
        manifests.write(manifest, store.folder)
    except BaseException as error:
        (store.folder / f"{name}{manifests.SUFFIX}").unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise BackupFailedError(f"Cannot write to {store.folder}: {error.strerror or error}.") from error
        raise
    if verify_it:
        manifest = verify(store, manifest, level=FULL_READ, should_stop=should_stop)
    logger.info(
        "backup.done",
        extra={
            "backup": manifest.name,
            "kind": kind,
            "size": dumped.size,
            "sha256": dumped.sha256,
            "rows": manifest.rows,
            "seconds": manifest.seconds,
            "verified": manifest.is_verified,
        },
    )
    return manifest


def remove_expired(store: Store, target: Target, *, dry_run: bool = False) -> list[Manifest]:
    """Delete the backups that ``retention`` lets go, and return them. The caller holds the lock."""
    gone = expired(store.manifests(target.name), now=datetime.now(UTC), days=settings.BACKUP_RETENTION_DAYS)
    for manifest in gone:
        if not dry_run:
            store.remove(manifest)
            logger.info("backup.expired", extra={"backup": manifest.name})
    return gone


@contextlib.contextmanager
def _honest(target: Target) -> Iterator[None]:
    """Turn the server's errors into ours, with what to do."""
    try:
        yield
    except psycopg.Error as error:
        raise BackupFailedError(
            f"The database cannot be backed up: {one_line(error)}{_advice(error, target)}"
        ) from error


def _advice(error: psycopg.Error, target: Target) -> str:
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return f". The role {target.user!r} must own every table, or: GRANT pg_read_all_data TO it, as a superuser."
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return f". Somebody holds a table for longer than {settings.BACKUP_LOCK_WAIT_S} s: a migration?"
    if error.sqlstate is None and _is_gone(target):
        return ". To bring it back: manage.py restore_db --latest"
    return ""


def _is_gone(target: Target) -> bool:
    """Return whether the server answers and has no such database."""
    try:
        with contextlib.closing(target.connect_for_maintenance()) as session:
            return not database.exists(session, target.name)
    except (psycopg.Error, BackupFailedError):
        return False
