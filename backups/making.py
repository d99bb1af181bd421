"""One backup from beginning to end: preflight, dump and facts of one snapshot, manifest, verification, retention."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from django.conf import settings

from backups import database, encryption, programs
from backups import manifest as manifests
from backups.dump import Packing, Progress, dump
from backups.errors import BackupBusyError, BackupFailedError, BackupInterruptedError, BackupLostError
from backups.facts import Counting, exported_snapshot
from backups.manifest import DAILY, FULL_READ, Manifest
from backups.processes import ShouldStop, kind_of, never
from backups.retention import Backup, Rule, Verdict, judge
from backups.storage import Store
from backups.target import Target, one_line
from backups.verify import verify, verify_unreadable

logger = logging.getLogger(__name__)

_SHARE = 0.5  # of a database's size, when there is no earlier backup to go by: indexes are not dumped

_HOLDERS = """
    SELECT DISTINCT a.pid, a.usename, a.application_name, c.relname
    FROM pg_locks l JOIN pg_stat_activity a USING (pid) JOIN pg_class c ON c.oid = l.relation
    WHERE l.granted AND l.mode = 'AccessExclusiveLock' AND a.datname = current_database() AND a.pid <> pg_backend_pid()
    ORDER BY a.pid LIMIT 3
"""


@dataclass(frozen=True)
class Plan:
    """What the preflight found: bytes of the database, the programs, how to pack, how much space it may take."""

    database_size: int
    pg_dump: Path
    pg_dump_major: int
    packing: Packing
    needed: int


def preflight(target: Target, store: Store, *, compression: str = "") -> Plan:
    """Check everything that can be known before. Raises BackupFailedError, BackupUsageError."""
    recipients = encryption.recipients()
    with _honest(target), contextlib.closing(target.connect()) as session:
        row = session.execute("SELECT pg_database_size(current_database())").fetchone()
        assert row is not None
        major = session.info.server_version // 10_000
    program, program_major = programs.find("pg_dump", server=major)
    reader, _ = programs.find("pg_restore", server=0, archive=program_major)
    packing = Packing(compression or settings.BACKUP_COMPRESSION, recipients, reader)
    needed = int(row[0] * _SHARE)
    if last := store.newest_verified(target.name):
        needed = last.file.size if last.file.compression == packing.compression else last.file.raw_size
    store.require_space(needed)
    return Plan(row[0], program, program_major, packing, needed)


def back_up(
    target: Target,
    store: Store,
    *,
    kind: str = DAILY,
    compression: str = "",
    pinned: str = "",
    verify_it: bool = True,
    taken_at: datetime | None = None,
    retry_after_s: float | None = None,
    should_stop: ShouldStop = never,
    progress: Progress = lambda _done: None,
) -> Manifest:
    """Dump ``target`` into ``store`` and return the manifest; verified by a full read unless told otherwise.

    ``taken_at``: of what moment it is, when that is not now (a cluster that was brought back to a moment).
    When a lock was in the way, the server went away or somebody killed pg_dump, it is made once more from the start,
    after ``retry_after_s`` (BACKUP_RETRY_AFTER_SECONDS). The caller holds the lock. What killed runs left in the folder
    is removed first. Whatever goes wrong, there is no manifest and so no backup. Raises BackupFailedError,
    BackupInterruptedError, BackupUsageError; BackupCorruptError when the fresh file does not read back (it is kept, and
    says so).
    """
    store.sweep()
    make = _Making(target, store, kind, compression, pinned, verify_it, taken_at, should_stop, progress)
    try:
        manifest = make()
    except (BackupBusyError, BackupLostError) as error:
        pause = settings.BACKUP_RETRY_AFTER_SECONDS if retry_after_s is None else retry_after_s
        logger.warning("backup.retried", extra={"error": str(error), "after_s": pause})
        _wait(pause, should_stop)
        manifest = make()
    if verify_it and manifest.is_encrypted:
        manifest = verify_unreadable(store, manifest, should_stop=should_stop)
    elif verify_it:
        manifest = verify(store, manifest, level=FULL_READ, should_stop=should_stop)
    logger.info(
        "backup.done",
        extra={
            "backup": manifest.name,
            "kind": kind,
            "size": manifest.file.size,
            "sha256": manifest.file.sha256,
            "compression": manifest.file.compression,
            "encrypted": manifest.is_encrypted,
            "rows": manifest.rows,
            "seconds": manifest.seconds,
            "verified": manifest.is_verified,
        },
    )
    return manifest


@dataclass(frozen=True)
class _Making:
    """One attempt, from the preflight to the manifest."""

    target: Target
    store: Store
    kind: str
    compression: str
    pinned: str
    verify_it: bool
    taken_at: datetime | None
    should_stop: ShouldStop
    progress: Progress

    def __call__(self) -> Manifest:
        started = time.monotonic()
        plan = preflight(self.target, self.store, compression=self.compression)
        packing = plan.packing if self.verify_it else replace(plan.packing, reader=None)
        name = self.store.new_name(self.target.name)
        path = self.store.folder / f"{name}{packing.ending}"
        try:
            with _honest(self.target), exported_snapshot(self.target) as (session, snapshot, now):
                belongings = database.settings_of(session, self.target.name)
                counting = Counting(session, self.should_stop)
                dumped = dump(
                    self.target,
                    program=plan.pg_dump,
                    snapshot=snapshot,
                    to=path,
                    packing=packing,
                    meanwhile=counting,
                    should_stop=counting.should_stop,
                    progress=self.progress,
                )
            manifest = Manifest(
                name=name,
                database=self.target.name,
                kind=self.kind,
                taken_at=(self.taken_at or now).astimezone(UTC),
                seconds=round(time.monotonic() - started, 3),
                file=dumped,
                pg_dump_major=plan.pg_dump_major,
                facts=counting.facts,
                settings=belongings,
                pinned=self.pinned,
            )
            manifests.write(manifest, self.store.folder)
        except BaseException as error:
            (self.store.folder / f"{name}{manifests.SUFFIX}").unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise BackupFailedError(f"Cannot write to {self.store.folder}: {error.strerror or error}.") from error
            raise
        return manifest


@dataclass(frozen=True)
class _Coming:
    """The backup that a dry run does not make; what goes is judged as if it were there."""

    name: str
    taken_at: datetime
    kind: str = DAILY
    is_verified: bool = True
    pinned: str = ""

    @property
    def made_at(self) -> datetime:
        """It is made now."""
        return self.taken_at


def rule() -> Rule:
    """Return what the settings say is kept. Raises BackupUsageError for a number below zero."""
    return Rule(
        days=settings.BACKUP_RETENTION_DAYS,
        daily=settings.BACKUP_KEEP_DAILY,
        weekly=settings.BACKUP_KEEP_WEEKLY,
        monthly=settings.BACKUP_KEEP_MONTHLY,
    )


def to_remove(store: Store, target: Target, *, coming: bool = False) -> Verdict[Manifest]:
    """Return the backups that ``retention`` lets go; with ``coming`` as after one more that was found good."""
    now = datetime.now(UTC)
    found = store.manifests(target.name)
    seen: list[Backup] = list(found)
    if coming:
        seen.append(_Coming("the one to come", now))
    verdict = judge(seen, now=now, rule=rule())
    if verdict.spared_because:
        logger.warning("backup.none_removed", extra={"because": verdict.spared_because})
    gone = {one.name for one in verdict.gone}
    return Verdict([one for one in reversed(found) if one.name in gone], verdict.spared_because)


def remove(store: Store, manifest: Manifest) -> None:
    """Delete a backup that may go. The caller holds the lock."""
    store.remove(manifest)
    logger.info("backup.expired", extra={"backup": manifest.name})


@contextlib.contextmanager
def _honest(target: Target) -> Iterator[None]:
    """Turn the server's errors into ours, with who holds a lock that was in the way, or what to do."""
    try:
        yield
    except BackupBusyError as error:
        raise BackupBusyError(f"{error} {_holders(target)}".rstrip()) from error
    except BackupFailedError as error:
        if "permission denied for" in str(error):  # as pg_dump says it
            raise BackupFailedError(f"{error} {_lacks_rights(target)}") from error
        raise
    except psycopg.Error as error:
        said = error.diag.message_primary or one_line(error)
        kind = kind_of(said)
        more = _holders(target) if kind is BackupBusyError else _advice(error, target)
        raise kind(f"The database cannot be backed up: {said.rstrip('.')}. {more}".rstrip()) from error


def _advice(error: psycopg.Error, target: Target) -> str:
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return _lacks_rights(target)
    if error.sqlstate is None and _is_gone(target):
        return "To bring it back: manage.py restore_db --latest"
    return ""


def _lacks_rights(target: Target) -> str:
    return f"The role {target.user!r} must own every table, or: GRANT pg_read_all_data TO it, as a superuser."


def _is_gone(target: Target) -> bool:
    """Return whether the server answers and has no such database."""
    try:
        with contextlib.closing(target.connect_for_maintenance()) as session:
            return not database.exists(session, target.name)
    except (psycopg.Error, BackupFailedError):
        return False


def _holders(target: Target) -> str:
    """Say which sessions keep everybody else out of a table, if they still do."""
    waited = f"Waited {settings.BACKUP_LOCK_WAIT_SECONDS} s for a lock (BACKUP_LOCK_WAIT_SECONDS)."
    try:
        with contextlib.closing(target.connect()) as session:
            found = session.execute(_HOLDERS).fetchall()
    except psycopg.Error:
        return waited
    if not found:
        return waited
    told = ", ".join(f"process {pid} ({user}, {name or 'no name'}) on {table}" for pid, user, name, table in found)
    return f"{waited} Held by {told}: a migration? Run the backup again when it has ended."


def _wait(seconds: float, should_stop: ShouldStop) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if should_stop():
            raise BackupInterruptedError("Interrupted while waiting to try again; nothing was kept.")
        time.sleep(min(left, 0.2))
