"""Making a base backup with pg_basebackup, and reading it back."""

from __future__ import annotations

import contextlib
import logging
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from backups import programs
from backups.errors import BackupCorruptError, BackupFailedError, BackupRefusedError
from backups.pitr import bases, copy_check
from backups.pitr.archive import Archive, size_of
from backups.pitr.bases import Base
from backups.pitr.reading import complaint_about
from backups.pitr.segments import Segment
from backups.pitr.server import REPLAY_LIMITS, Server, ask, objections
from backups.processes import ShouldStop, never, running
from backups.target import Target, one_line
from config.durable import PARTIAL, sync_folder

logger = logging.getLogger(__name__)

_MARGIN = 1.2


def preflight(admin: Target, archive: Archive) -> Server:
    """Check everything that can be known before. Raises BackupRefusedError, BackupFailedError."""
    try:
        with contextlib.closing(admin.connect()) as session:
            server = ask(session)
            if complaints := objections(server, archive):
                raise BackupRefusedError("; ".join(f"{what} ({do})" for what, do in complaints) + ".")
            row = session.execute(
                "SELECT rolsuper OR rolreplication, (SELECT sum(pg_database_size(oid)) FROM pg_database"
                " WHERE has_database_privilege(oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE')),"
                " (SELECT string_agg(spcname, ', ') FROM pg_tablespace WHERE oid NOT IN (1663, 1664))"
                " FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.Error as error:
        raise BackupFailedError(f"The server cannot be asked: {one_line(error)}") from error
    assert row is not None
    may_replicate, size, tablespaces = row
    if not may_replicate:
        raise BackupRefusedError(
            f"The role {admin.user!r} may not make base backups. As a superuser: CREATE ROLE ... LOGIN REPLICATION; "
            "and name that role in PITR_URL."
        )
    if tablespaces:
        raise BackupRefusedError(f"Tablespaces ({tablespaces}) are not supported: make base backups by hand.")
    programs.find_exact("pg_basebackup", major=server.major)
    programs.find_exact("pg_waldump", major=server.major)
    free = shutil.disk_usage(archive.bases).free
    if free < (needed := int(size or 0) * _MARGIN):
        raise BackupFailedError(
            f"{archive.bases} has {free // 2**20} MB free, {int(needed) // 2**20 + 1} MB are needed. Free some space, "
            "or set PITR_DIR to another disk."
        )
    return server


def take(admin: Target, archive: Archive, *, server: Server, database: str, should_stop: ShouldStop = never) -> Base:
    """Copy the cluster, check the copy against the server's own manifest, write ours. ``server``: see ``preflight``.

    The caller holds the lock. What killed runs left is removed first. Whatever goes wrong, there is no manifest and so
    no base backup. Raises BackupError.
    """
    bases.sweep(archive)
    started = time.monotonic()
    name = bases.new_name()
    scratch = archive.bases / f"{PARTIAL}{name}"
    program = programs.find_exact("pg_basebackup", major=server.major)
    argv = [
        *(str(program), f"--pgdata={scratch}", "--format=plain", "--wal-method=stream", "--checkpoint=fast"),
        *("--manifest-checksums=SHA256", "--no-password", "--label=shop"),
    ]
    try:
        with admin.environment() as env, running(argv, env=env, should_stop=should_stop) as pg_basebackup:
            pg_basebackup.finish()
        # The server's clock, after the last byte: no moment before this can be recovered from this copy alone.
        with contextlib.closing(admin.connect()) as session:
            after = ask(session)
        copy_check.check(scratch, should_stop=should_stop)
        needs = copy_check.wal_range(scratch)
        base = Base(
            name=name,
            started_at=server.now,
            complete_at=after.now,
            seconds=round(time.monotonic() - started, 3),
            size=size_of([scratch]),
            major=server.major,
            system=after.system,
            segment_size=after.segment_size,
            timeline=needs.timeline,
            start_lsn=needs.start_lsn,
            end_lsn=needs.end_lsn,
            database=database,
            limits={setting: int(after.settings[setting]) for setting in REPLAY_LIMITS},
            verified_at=datetime.now(UTC),
        )
        _check_own_wal(scratch, base)
        scratch.rename(archive.bases / name)
        sync_folder(archive.bases)
        bases.write(archive, base)
    except psycopg.Error as error:
        raise BackupFailedError(f"The server went away: {one_line(error)}") from error
    except OSError as error:
        raise BackupFailedError(f"Cannot write to {archive.bases}: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    logger.info("pitr.base_taken", extra={"base": name, "size": base.size, "seconds": base.seconds})
    return base


def verify(archive: Archive, base: Base, *, should_stop: ShouldStop = never) -> None:
    """Read a base backup to its end. Raises BackupCorruptError, and notes it in the manifest."""
    try:
        copy_check.check(bases.folder_of(archive, base), should_stop=should_stop)
        _check_own_wal(bases.folder_of(archive, base), base)
    except BackupCorruptError as error:
        note = Base(**{**vars(base), "verified_at": None, "message": str(error)})
        with contextlib.suppress(OSError):  # a medium that cannot be written; the judgement stands all the same
            bases.write(archive, note)
        raise


def _check_own_wal(folder: Path, base: Base) -> None:
    """See that the WAL which makes the copy consistent is in it and has its size. Raises BackupCorruptError.

    The last segment is a part, so it is replay that reads it to the end: see ``restoring``.
    """
    program = programs.find_exact("pg_waldump", major=base.major)
    for number in range(base.first_segment, base.last_own_segment + 1):
        one = folder / "pg_wal" / Segment(base.timeline, number).name(base.segment_size)
        if not one.is_file() or one.stat().st_size != base.segment_size:
            raise BackupCorruptError(f"{folder}: its own WAL is not whole.")
        if number < base.last_own_segment and (said := complaint_about(one, program)):
            raise BackupCorruptError(f"{folder}: its own WAL is damaged: {said}")
