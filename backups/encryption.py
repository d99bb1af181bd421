"""age: the server holds public keys only, so whoever takes its backups cannot read them.

The private key lives elsewhere and comes to a restore or a drill as a file. Everything passes in pieces; what was
decrypted goes where the caller says, and nowhere else. The library is loaded by those who encrypt, and by nobody else.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from django.conf import settings

from backups.errors import BackupCorruptError, BackupRefusedError, BackupUsageError

if TYPE_CHECKING:
    import pyrage

    Identities = Sequence[pyrage.x25519.Identity]
else:
    Identities = Sequence[Any]

_SECRET = "AGE-SECRET-KEY-"  # noqa: S105 - how every private key begins


def recipients() -> tuple[str, ...]:
    """Return the public keys that BACKUP_AGE_RECIPIENT names; none: backups are not encrypted.

    Raises BackupUsageError for what is no public key, without repeating it.
    """
    found = tuple(settings.BACKUP_AGE_RECIPIENT)
    if not found:
        return ()
    import pyrage

    for number, key in enumerate(found, 1):
        if _SECRET in key.upper():
            raise BackupUsageError(
                "BACKUP_AGE_RECIPIENT holds a private key. Only the public one (age1...) belongs on this machine; make "
                "a new pair, for this one must count as known."
            )
        try:
            pyrage.x25519.Recipient.from_str(key)
        except pyrage.RecipientError as error:
            raise BackupUsageError(f"Key {number} of BACKUP_AGE_RECIPIENT is no age public key (age1...).") from error
    return found


def encrypt(pieces: Iterator[bytes], to: Any, keys: Sequence[str]) -> None:
    """Write ``pieces`` to the file ``to`` so that each of ``keys`` opens it. Raises whatever the pieces or it raise."""
    import pyrage

    source, sink = _Pieces(pieces), _Sink(to.write)
    try:
        pyrage.encrypt_io(source, sink, [pyrage.x25519.Recipient.from_str(key) for key in keys])
    except (pyrage.EncryptError, OSError):
        if trouble := source.trouble or sink.trouble:
            raise trouble from None  # the library keeps its text only
        raise


def read_identities(path: Path) -> Identities:
    """Return the private keys in a file as age-keygen writes it.

    Raises BackupUsageError when there are none, BackupRefusedError when others can read it.
    """
    import pyrage

    try:
        with path.open(encoding="utf-8") as file:
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & 0o077:
                raise BackupRefusedError(f"{path} can be read by others (mode {mode:04o}): chmod 600 {path}")
            lines = [line.strip() for line in file.read(100_000).splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise BackupUsageError(f"{path} cannot be read as a file of keys: {type(error).__name__}.") from error
    keys = [line for line in lines if line and not line.startswith("#")]
    try:
        found = [pyrage.x25519.Identity.from_str(key) for key in keys]
    except pyrage.IdentityError as error:
        raise BackupUsageError(f"{path} holds something else than age private keys ({_SECRET}...).") from error
    if not found:
        raise BackupUsageError(f"{path} holds no age private key ({_SECRET}...).")
    return found


def decrypt(source: BinaryIO, sink: Any, identities: Identities, *, name: str, keys: Sequence[str]) -> None:
    """Write what is in ``source`` to ``sink`` (a file to write to).

    Raises BackupRefusedError when no identity opens it, BackupCorruptError when it is damaged, whatever the sink
    raises. Some of it may have been written by then: the caller throws that away.
    """
    import pyrage

    guarded = _Sink(sink.write)
    try:
        pyrage.decrypt_io(source, guarded, list(identities))
    except (pyrage.DecryptError, OSError) as error:
        if guarded.trouble is not None:
            raise guarded.trouble from None
        if "No matching keys" in str(error):
            raise BackupRefusedError(
                f"The given identity does not open {name}: it was encrypted for {', '.join(keys)}. Give the file with "
                "that private key."
            ) from error
        raise BackupCorruptError(f"{name} cannot be decrypted ({error}): damaged or cut short.") from error


class _Pieces:
    """A file over an iterator of bytes. It remembers what went wrong in there."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = memoryview(b"")
        self.trouble: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        try:
            while not self._left:
                self._left = memoryview(next(self._pieces))
        except StopIteration:
            return b""
        except BaseException as error:
            self.trouble = error
            raise
        if size < 0:
            size = len(self._left)
        taken, self._left = self._left[:size], self._left[size:]
        return bytes(taken)


class _Sink:
    """A file that remembers what went wrong in there."""

    def __init__(self, write: Callable[[bytes], Any]) -> None:
        self._write = write
        self.trouble: BaseException | None = None

    def write(self, data: bytes) -> int:
        try:
            self._write(data)
        except BaseException as error:
            self.trouble = error
            raise
        return len(data)

    def flush(self) -> None:
        """The caller flushes."""
