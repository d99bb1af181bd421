"""Is a backup good? Three answers, each dearer and surer than the last: checksum, full read, restore drill."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import time
from dataclasses import replace
from datetime import UTC, datetime

from backups import database, programs
from backups import manifest as manifests
from backups.dump import reading, require_identity, unpack
from backups.encryption import Identities
from backups.errors import (
    BackupCorruptError,
    BackupInterruptedError,
    BackupProgramError,
)
from backups.manifest import CHECKSUM, DRILL, FULL_READ, IN_PASSING, ON_DISK, Manifest, Verification
from backups.processes import CHUNK, ShouldStop, never
from backups.restoring import compare, load
from backups.room import require_room
from backups.storage import Store, shop_store
from backups.target import Target

logger = logging.getLogger(__name__)


def verify(
    store: Store,
    manifest: Manifest,
    *,
    level: int,
    target: Target | None = None,
    identities: Identities = (),
    should_stop: ShouldStop = never,
) -> Manifest:
    """Check a backup to ``level`` and write the judgement into its manifest, which is returned.

    Level 3 needs a ``target``: a database is made beside it, filled, compared and dropped. From level 2 on an encrypted
    backup needs ``identities``. The caller holds the lock. Raises BackupCorruptError when the backup is bad; every
    other BackupError says nothing about the backup. What is returned is still bad when a stronger check found it bad
    before: only one as strong takes that back.
    """
    started = time.monotonic()
    if level >= FULL_READ:
        require_identity(manifest.name, manifest.file, identities)
    try:
        check_sum(store, manifest, should_stop=should_stop)
        if level >= FULL_READ:
            check_reads(store, manifest, identities=identities, should_stop=should_stop)
        if level >= DRILL:
            assert target is not None
            drill(store, manifest, target, identities=identities, should_stop=should_stop)
    except BackupCorruptError as error:
        _judge(store, manifest, level=level, ok=False, started=started, message=str(error))
        raise
    return _judge(store, manifest, level=level, ok=True, started=started)


def verify_unreadable(store: Store, manifest: Manifest, *, should_stop: ShouldStop = never) -> Manifest:
    """Judge a fresh encrypted backup, which pg_restore has read to its end while it was being written.

    What can be read back without the private key is the file's checksum; it is. Raises BackupCorruptError.
    """
    started = time.monotonic()
    try:
        check_sum(store, manifest, should_stop=should_stop)
    except BackupCorruptError as error:
        _judge(store, manifest, level=CHECKSUM, ok=False, started=started, message=str(error))
        raise
    return _judge(store, manifest, level=FULL_READ, ok=True, started=started, what=IN_PASSING)


def found_bad(store: Store, manifest: Manifest, error: BackupCorruptError) -> None:
    """Write into the manifest what a restore has found out, so that nobody chooses this backup again."""
    _judge(store, manifest, level=DRILL, ok=False, started=time.monotonic(), message=str(error))


def check_sum(store: Store, manifest: Manifest, *, should_stop: ShouldStop = never) -> None:
    """Compare size and SHA-256 of the file. Raises BackupCorruptError."""
    path = store.path_of(manifest)
    found, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                _check(should_stop)
                found.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise BackupCorruptError(f"{path} cannot be read: {error.strerror}.") from error
    if size != manifest.file.size:
        raise BackupCorruptError(f"{path} has {size} bytes, its manifest says {manifest.file.size}: truncated?")
    if found.hexdigest() != manifest.file.sha256:
        raise BackupCorruptError(f"{path} is damaged: its SHA-256 is not the one in its manifest.")


def check_reads(
    store: Store, manifest: Manifest, *, identities: Identities = (), should_stop: ShouldStop = never
) -> None:
    """Unpack it and have pg_restore read it to the end; listing its contents would prove nothing.

    Raises BackupCorruptError; BackupFailedError when there is no pg_restore for it, or somebody killed it;
    BackupRefusedError when no identity opens it.
    """
    program, _ = programs.find("pg_restore", server=0, archive=manifest.pg_dump_major)
    path = store.path_of(manifest)
    with reading(program, should_stop=should_stop) as pg_restore:
        try:
            unpack(path, manifest.file, pg_restore.feed, identities=identities, should_stop=should_stop)
        except InterruptedError:
            raise BackupInterruptedError("Interrupted while verifying; nothing was changed.") from None
        except OSError as error:
            raise BackupCorruptError(f"{path} cannot be read: {error.strerror}.") from error
        try:
            pg_restore.finish()
        except BackupProgramError as error:
            raise BackupCorruptError(f"{path}: {error}") from error


def drill(
    store: Store,
    manifest: Manifest,
    target: Target,
    *,
    identities: Identities = (),
    should_stop: ShouldStop = never,
) -> None:
    """Restore into a scratch database on the target's server, compare, drop it.

    Raises BackupCorruptError when pg_restore stumbles over it, or what it restored is something else; every other
    BackupError says nothing about the backup.
    """
    scratch = database.name_beside(target.name, database.DRILL)
    try:
        with contextlib.closing(target.connect_for_maintenance()) as session:
            database.drop_leftovers(session, target.name, database.DRILL)
            require_room(session, manifest, target.name, workplace=shop_store())
            database.create(session, scratch, like=manifest.settings)
        beside = target.at(scratch)
        try:
            load(store, manifest, beside, workplace=shop_store(), identities=identities, should_stop=should_stop)
        except BackupProgramError as error:  # every other trouble is the server's, the disk's, this machine's
            raise BackupCorruptError(f"{manifest.name} did not restore: {error}") from error
        compare(manifest, beside)
    finally:
        database.clear_away(target, scratch)


def _judge(
    store: Store,
    manifest: Manifest,
    *,
    level: int,
    ok: bool,
    started: float,
    message: str = "",
    what: str = ON_DISK,
) -> Manifest:
    """Write the judgement. A weaker check that went well replaces no stronger one, whatever that one found: what only a
    drill can see is still there when the file reads to its end. Nor does a weaker one that found something else.
    """
    now, seconds = datetime.now(UTC), round(time.monotonic() - started, 3)
    before = manifest.verified
    logger.log(
        logging.INFO if ok else logging.ERROR,
        "backup.verified" if ok else "backup.bad",
        extra={"backup": manifest.name, "level": level, "seconds": seconds, "read": what, "result": message or "good"},
    )
    if before is not None and before.level > level and (ok or not before.ok):
        judged = manifest
    else:
        judged = replace(manifest, verified=Verification(level, now, ok, seconds, message, what))
    if ok and level >= DRILL:
        judged = replace(judged, drilled_at=now)
    if judged is not manifest:
        try:
            manifests.write(judged, store.folder)
        except OSError as error:  # a medium that cannot be written; the judgement stands all the same
            logger.warning("backup.judgement_not_kept", extra={"backup": manifest.name, "error": str(error.strerror)})
    return judged


def _check(should_stop: ShouldStop) -> None:
    if should_stop():
        raise BackupInterruptedError("Interrupted while verifying; nothing was changed.")
