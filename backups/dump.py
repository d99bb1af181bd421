"""One pg_dump into one file, whole or not at all, with its checksums taken on the way."""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from backups.errors import BackupFailedError
from backups.processes import CHUNK, ShouldStop, never, running
from backups.target import Target

PARTIAL = ".partial-"
GZIP_LEVEL = 5

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Dumped:
    """Bytes and SHA-256 of the file, and of the archive inside it."""

    size: int
    sha256: str
    raw_size: int
    raw_sha256: str


class _Hashing:
    """A file that knows the hash of what was written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self._file.write(data)
        self.hash.update(data)
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        self._file.flush()


def dump(
    target: Target,
    *,
    program: Path,
    snapshot: str,
    to: Path,
    should_stop: ShouldStop = never,
    progress: Progress = lambda _done: None,
) -> Dumped:
    """Write the database as it is in ``snapshot`` to the new file ``to``, gzipped, and wait until it is on the disk.

    The file appears under its name only when pg_dump has said that all is well. Whatever goes wrong, nothing is left
    but, if this process is killed, a ``.partial-`` file. Raises BackupFailedError, BackupInterruptedError.
    """
    scratch = to.with_name(f"{PARTIAL}{to.name}")
    argv = [
        str(program),
        *("--format=custom", "--compress=0", f"--snapshot={snapshot}"),
        *("--no-password", f"--lock-wait-timeout={settings.BACKUP_LOCK_WAIT_S}s"),
    ]
    try:
        with _private(scratch) as file:
            out = _Hashing(file)
            raw, raw_size = hashlib.sha256(), 0
            with (
                target.environment() as env,
                running(argv, env=env, should_stop=should_stop, writes=True) as pg_dump,
                gzip.GzipFile(filename="", mode="wb", compresslevel=GZIP_LEVEL, fileobj=out, mtime=0) as packed,
            ):
                for chunk in pg_dump.chunks():
                    raw.update(chunk)
                    raw_size += len(chunk)
                    packed.write(chunk)
                    progress(raw_size)
                pg_dump.finish()
            file.flush()
            os.fsync(file.fileno())
        scratch.rename(to)
        sync_folder(to.parent)
    except OSError as error:
        raise BackupFailedError(f"Cannot write {to}: {error.strerror or error}.") from error
    finally:
        scratch.unlink(missing_ok=True)
    return Dumped(out.size, out.hash.hexdigest(), raw_size, raw.hexdigest())


def unpack(packed: Path, to: Path, *, should_stop: ShouldStop = never) -> str:
    """Write the archive inside ``packed`` to the private file ``to``; return its SHA-256.

    Raises OSError, EOFError, zlib.error; InterruptedError when a stop was asked for.
    """
    found = hashlib.sha256()
    with gzip.open(packed, "rb") as source, _private(to) as file:
        while chunk := source.read(CHUNK):
            if should_stop():
                raise InterruptedError
            found.update(chunk)
            file.write(chunk)
    return found.hexdigest()


def sync_folder(folder: Path) -> None:
    """Wait until a folder's names are on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _private(path: Path) -> BinaryIO:
    """Make a file that nobody else can read. Raises FileExistsError."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb")
