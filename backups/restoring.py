"""A backup into an empty database, and the comparison with what was backed up."""

from __future__ import annotations

import contextlib
import errno
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from backups import programs
from backups.dump import private, unpack
from backups.encryption import Identities
from backups.errors import BackupCorruptError, BackupFailedError, BackupInterruptedError, BackupSpaceError
from backups.facts import differences, read_facts
from backups.manifest import Manifest
from backups.processes import ShouldStop, never, running
from backups.storage import Store
from backups.target import Target, one_line
from config.durable import PARTIAL

logger = logging.getLogger(__name__)

JOBS = 2
_FULL = (errno.ENOSPC, errno.EDQUOT)


def load(
    store: Store,
    manifest: Manifest,
    target: Target,
    *,
    workplace: Store | None = None,
    identities: Identities = (),
    should_stop: ShouldStop = never,
) -> list[str]:
    """Restore into the empty database ``target``; stop at the first error. Returns what was left out and why.

    The unpacked archive needs space beside the backup, or in ``workplace``, while this runs, and is readable there by
    nobody else. The caller holds the lock. Raises BackupCorruptError, BackupInterruptedError, BackupRefusedError when
    no identity opens it, BackupProgramError when pg_restore stumbles over it; every other BackupFailedError is some
    other trouble than the backup's.
    """
    place = workplace or store
    place.require_space(manifest.file.raw_size)
    with contextlib.closing(target.connect()) as session:
        major = session.info.server_version // 10_000
        roles = {name for (name,) in session.execute("SELECT rolname FROM pg_roles")}
        row = session.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
        is_superuser = bool(row and row[0])
    program, _ = programs.find("pg_restore", server=major, archive=manifest.pg_dump_major)
    left_out = []
    options = ["--exit-on-error", "--no-password", f"--jobs={JOBS}"]
    # Everything then belongs to whom we are: the shop's own role, usually its owner anyway.
    if not (set(manifest.facts.owners) <= (roles if is_superuser else {target.user})):
        options.append("--no-owner")
    if missing := set(manifest.facts.grantees) - roles:
        options.append("--no-privileges")
        left_out.append(f"grants on tables, because these roles are missing here: {', '.join(sorted(missing))}")
    raw = place.folder / f"{PARTIAL}{manifest.name}.raw"
    try:
        _unpack(store, manifest, raw, identities, should_stop)
        # A name alone would be read as a connection string if it looks like one.
        argv = [str(program), *options, f"--dbname={make_conninfo(dbname=target.name)}", str(raw)]
        with target.environment() as env, running(argv, env=env, should_stop=should_stop) as pg_restore:
            pg_restore.finish()
    finally:
        raw.unlink(missing_ok=True)
    return left_out


@contextlib.contextmanager
def gathering_statistics(target: Target) -> Iterator[None]:
    """Have the server analyze the database, whose dump carried no statistics, while the block does something else."""

    def analyze() -> None:
        try:
            with contextlib.closing(target.connect()) as session:
                session.execute("ANALYZE")
        except psycopg.Error as error:  # autovacuum will do it later; pages are slow until then
            logger.warning("restore.not_analyzed", extra={"error": one_line(error)})

    thread = threading.Thread(target=analyze, name="analyze")
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _unpack(store: Store, manifest: Manifest, raw: Path, identities: Identities, should_stop: ShouldStop) -> None:
    try:
        with private(raw) as file:
            unpack(store.path_of(manifest), manifest.file, file.write, identities=identities, should_stop=should_stop)
    except InterruptedError:
        raise BackupInterruptedError("Interrupted while unpacking; nothing was changed.") from None
    except OSError as error:
        kind = BackupSpaceError if error.errno in _FULL else BackupFailedError
        raise kind(f"{manifest.name} cannot be unpacked: {error.strerror or error}.") from error


def compare(manifest: Manifest, restored: Target) -> None:
    """Raise BackupCorruptError unless the restored database holds what was backed up."""
    with contextlib.closing(restored.connect()) as session:
        found = differences(manifest.facts, read_facts(session, hashes=bool(manifest.facts.hashes)))
    if found:
        more = f" (and {len(found) - 5} more)" if len(found) > 5 else ""
        raise BackupCorruptError(f"Restored, it is not what was backed up: {'; '.join(found[:5])}{more}.")
