"""One pg_dump into one file, whole or not at all, with its checksums taken on the way; and out of the file again."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings

from backups import encryption
from backups.encryption import Identities
from backups.errors import BackupCorruptError, BackupFailedError, BackupProgramError, BackupUsageError
from backups.packing import ENDINGS, GZIP, Unpacker, UnpackError, packer
from backups.processes import CHUNK, Program, ShouldStop, never, running
from backups.target import Target
from config.durable import PARTIAL, sync_folder

DUMP = ".dump"
ENCRYPTED = ".age"
_READ_ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Packing:
    """How a dump is written: packed, then encrypted for ``recipients`` (public keys; none: not encrypted).

    ``reader`` is the pg_restore that reads an encrypted one to its end before it is encrypted: afterwards nobody here
    can. None: nobody reads it.
    """

    compression: str = GZIP
    recipients: tuple[str, ...] = ()
    reader: Path | None = None

    @property
    def ending(self) -> str:
        """Return what the file's name ends with."""
        return ending(self.compression, encrypted=bool(self.recipients))


@dataclass(frozen=True)
class Dumped:
    """Bytes and SHA-256 of the file, and of the archive inside it; how it was packed and for whom it was encrypted."""

    size: int
    sha256: str
    raw_size: int
    raw_sha256: str
    compression: str = GZIP
    recipients: tuple[str, ...] = ()

    @property
    def ending(self) -> str:
        """Return what the file's name ends with."""
        return ending(self.compression, encrypted=bool(self.recipients))


def ending(compression: str, *, encrypted: bool) -> str:
    """Return what the name of such a file ends with."""
    return f"{DUMP}{ENDINGS[compression]}{ENCRYPTED if encrypted else ''}"


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
    packing: Packing,
    meanwhile: AbstractContextManager[object] | None = None,
    should_stop: ShouldStop = never,
    progress: Progress = lambda _done: None,
) -> Dumped:
    """Write the database as it is in ``snapshot`` to the new file ``to`` and wait until it is on the disk.

    ``meanwhile`` is entered when all programs have been started (who starts one shall have no second thread), and
    ends before the file has its name.
    The file appears under its name only when pg_dump has said that all is well. Whatever goes wrong, nothing is left
    but, if this process is killed, a ``.partial-`` file; of an encrypted one nothing readable is ever on the disk.
    Raises BackupFailedError, BackupInterruptedError; BackupCorruptError when the reader stumbles.
    """
    scratch = to.with_name(f"{PARTIAL}{to.name}")
    argv = [
        str(program),
        *("--format=custom", "--compress=0", f"--snapshot={snapshot}"),
        *("--no-password", f"--lock-wait-timeout={settings.BACKUP_LOCK_WAIT_SECONDS}s"),
    ]
    try:
        with private(scratch) as file:
            out = _Hashing(file)
            with (
                target.environment() as env,
                running(argv, env=env, should_stop=should_stop, writes=True) as pg_dump,
                _proof(packing, should_stop) as proof,
                meanwhile or contextlib.nullcontext(),
            ):
                archive = _Archive(pg_dump, packing.compression, proof, progress)
                if packing.recipients:
                    encryption.encrypt(archive.pieces(), out, packing.recipients)
                else:
                    for piece in archive.pieces():
                        out.write(piece)
            file.flush()
            os.fsync(file.fileno())
        scratch.rename(to)
        sync_folder(to.parent)
    except OSError as error:
        raise BackupFailedError(f"Cannot write {to}: {error.strerror or error}.") from error
    finally:
        scratch.unlink(missing_ok=True)
    return Dumped(
        size=out.size,
        sha256=out.hash.hexdigest(),
        raw_size=archive.size,
        raw_sha256=archive.hash.hexdigest(),
        compression=packing.compression,
        recipients=packing.recipients,
    )


class _Archive:
    """What pg_dump writes, hashed and packed in passing."""

    def __init__(self, pg_dump: Program, compression: str, proof: _Proof | None, progress: Progress) -> None:
        self._pg_dump, self._proof, self._progress = pg_dump, proof, progress
        self._packer = packer(compression)
        self.hash = hashlib.sha256()
        self.size = 0

    def pieces(self) -> Iterator[bytes]:
        """Yield the packed pieces; the last comes only when pg_dump has ended well, and the proof held."""
        for chunk in self._pg_dump.chunks():
            self.hash.update(chunk)
            self.size += len(chunk)
            if piece := self._packer.compress(chunk):
                yield self._proved(piece)
            self._progress(self.size)
        self._pg_dump.finish()
        last = self._proved(self._packer.flush())
        if self._proof is not None:
            self._proof.finish(self.hash.hexdigest())
        yield last

    def _proved(self, piece: bytes) -> bytes:
        if self._proof is not None:
            self._proof.write(piece)
        return piece


class _Proof:
    """Unpacks what was just packed and lets pg_restore read it to its end."""

    def __init__(self, compression: str, pg_restore: Program) -> None:
        self._pg_restore = pg_restore
        self._unpacker = Unpacker(compression, pg_restore.feed)

    def write(self, piece: bytes) -> None:
        try:
            self._unpacker.write(piece)
        except UnpackError as error:
            raise BackupCorruptError(f"What was packed does not unpack: {error}.") from error

    def finish(self, raw_sha256: str) -> None:
        try:
            self._unpacker.finish()
            self._pg_restore.finish()
        except (UnpackError, BackupProgramError) as error:
            raise BackupCorruptError(f"The dump does not read back: {error}") from error
        if self._unpacker.sha256 != raw_sha256:
            raise BackupCorruptError("What was packed is not what was dumped.")


@contextlib.contextmanager
def _proof(packing: Packing, should_stop: ShouldStop) -> Iterator[_Proof | None]:
    if packing.reader is None or not packing.recipients:
        yield None
        return
    with reading(packing.reader, should_stop=should_stop) as pg_restore:
        yield _Proof(packing.compression, pg_restore)


def reading(program: Path, *, should_stop: ShouldStop) -> contextlib.AbstractContextManager[Program]:
    """Run a pg_restore that reads what it is fed to the end and does nothing with it."""
    return running([str(program), "--file=/dev/null"], env=_READ_ENV, should_stop=should_stop, reads=True)


def unpack(
    path: Path,
    file: Dumped,
    sink: Callable[[bytes], Any],
    *,
    identities: Identities = (),
    should_stop: ShouldStop = never,
) -> None:
    """Decrypt and unpack a dump, and give the archive in it to ``sink`` in pieces.

    Raises BackupCorruptError when it is damaged or holds something else than was dumped (``sink`` has got it by then),
    BackupUsageError when it is encrypted and no identity was given, BackupRefusedError when none fits,
    InterruptedError when a stop was asked for.
    """
    require_identity(path.name, file, identities)
    unpacker = Unpacker(file.compression, sink)

    def take(data: bytes) -> None:
        if should_stop():
            raise InterruptedError
        unpacker.write(data)

    try:
        with path.open("rb") as source:
            if file.recipients:
                encryption.decrypt(source, _Writer(take), identities, name=path.name, keys=file.recipients)
            else:
                while chunk := source.read(CHUNK):
                    take(chunk)
        unpacker.finish()
    except UnpackError as error:
        raise BackupCorruptError(f"{path} cannot be unpacked: {error}.") from error
    if unpacker.sha256 != file.raw_sha256:
        raise BackupCorruptError(f"{path}: what is inside is not what was dumped.")


@dataclass(frozen=True)
class _Writer:
    """A file to write to."""

    write: Callable[[bytes], Any]


def require_identity(name: str, file: Dumped, identities: Identities) -> None:
    """Raise BackupUsageError when a dump is encrypted and there is nothing to open it with."""
    if file.recipients and not identities:
        raise BackupUsageError(
            f"{name} is encrypted for {', '.join(file.recipients)}: give the file with that private key, "
            "--identity FILE."
        )


def private(path: Path) -> BinaryIO:
    """Make a file that nobody else can read. Raises FileExistsError."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb")
