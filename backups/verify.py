"""Is a backup good? Three answers, each dearer and surer than the last: checksum, full read, restore drill."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import logging
import time
import zlib
from dataclasses import replace
from datetime import UTC, datetime

from backups import database, programs
from backups import manifest as manifests
from backups.errors import BackupCorruptError, BackupFailedError, BackupInterruptedError
from backups.manifest import DRILL, FULL_READ, Manifest, Verification
from backups.processes import CHUNK, ShouldStop, never, running
from backups.restoring import compare, load
from backups.storage import Store, shop_store
from backups.target import Target

logger = logging.getLogger(__name__)

CHECKSUM = 1


def verify(
    store: Store, manifest: Manifest, *, level: int, target: Target | None = None, should_stop: ShouldStop = never
) -> Manifest:
    """Check a backup to ``level`` and write the judgement into its manifest, which is returned.

    Level 3 needs a ``target``: a database is made beside it, filled, compared and dropped. The caller holds the lock.
    Raises BackupCorruptError when the backup is bad; every other BackupError says nothing about the backup.
    """
    started = time.monotonic()
    try:
        check_sum(store, manifest, should_stop=should_stop)
        if level >= FULL_READ:
            check_reads(store, manifest, should_stop=should_stop)
        if level >= DRILL:
            assert target is not None
            drill(store, manifest, target, should_stop=should_stop)
    except BackupCorruptError as error:
        _judge(store, manifest, level=level, ok=False, started=started, message=str(error))
        raise
    return _judge(store, manifest, level=level, ok=True, started=started, message="")


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


def check_reads(store: Store, manifest: Manifest, *, should_stop: ShouldStop = never) -> None:
    """Decompress it and have pg_restore read it to the end; listing its contents would prove nothing.

    Raises BackupCorruptError; BackupFailedError when there is no pg_restore for it.
    """
    program, _ = programs.find("pg_restore", server=0, archive=manifest.pg_dump_major)
    path = store.path_of(manifest)
    found = hashlib.sha256()
    argv = [str(program), "--file=/dev/null"]
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}
    with running(argv, env=env, should_stop=should_stop, reads=True) as pg_restore:
        try:
            with gzip.open(path, "rb") as packed:
                taken = True
                while chunk := packed.read(CHUNK):
                    found.update(chunk)
                    taken = taken and pg_restore.feed(chunk)
        except (OSError, EOFError, zlib.error) as error:
            raise BackupCorruptError(f"{path} cannot be decompressed: {error}.") from error
        try:
            pg_restore.finish()
        except BackupFailedError as error:
            raise BackupCorruptError(f"{path}: {error}") from error
    if found.hexdigest() != manifest.file.raw_sha256:
        raise BackupCorruptError(f"{path}: what is inside is not what was dumped.")


def drill(store: Store, manifest: Manifest, target: Target, *, should_stop: ShouldStop = never) -> None:
    """Restore into a scratch database on the target's server, compare, drop it. Raises BackupCorruptError."""
    with contextlib.closing(target.connect_for_maintenance()) as session:
        database.drop_leftovers(session, target.name, database.DRILL)
        scratch = database.name_beside(target.name, database.DRILL)
        try:
            database.create(session, scratch, like=manifest.settings)
            try:
                load(store, manifest, target.at(scratch), workplace=shop_store(), should_stop=should_stop)
            except BackupFailedError as error:
                raise BackupCorruptError(f"{manifest.name} did not restore: {error}") from error
            compare(manifest, target.at(scratch))
        finally:
            database.drop(session, scratch)


def _judge(store: Store, manifest: Manifest, *, level: int, ok: bool, started: float, message: str) -> Manifest:
    """Write the judgement; a weaker check that went well does not replace a stronger one that did."""
    now, seconds = datetime.now(UTC), round(time.monotonic() - started, 3)
    before = manifest.verified
    logger.log(
        logging.INFO if ok else logging.ERROR,
        "backup.verified" if ok else "backup.bad",
        extra={"backup": manifest.name, "level": level, "seconds": seconds, "result": message or "good"},
    )
    if ok and before is not None and before.ok and before.level > level:
        judged = manifest
    else:
        judged = replace(manifest, verified=Verification(level, now, ok, seconds, message))
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
