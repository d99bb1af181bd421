"""What the launcher remembers of one data folder: ``<data dir>/postgres/``, readable by the shop's user alone.

``lock``              held while somebody starts or stops the server
``users``             a shared lock for every process that needs the server to stay up
``credentials.json``  passwords, port and kind of cluster; made with the cluster, kept as long as it
``url``               the shop's DATABASE_URL while the server is up (or was, before a crash)
``stop-with-last-user``  present when the last leaving user shall stop the server
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from config.embedded_postgres.errors import EmbeddedPostgresError

LOCK_WAIT_S = 120.0


@dataclass(frozen=True)
class Credentials:
    """How to get in. ``shop`` owns the database, ``superuser`` is for base backups and repairs."""

    shop_password: str
    superuser_password: str
    port: int
    throw_away: bool

    def url(self) -> str:
        """Return the application's address."""
        return f"postgres://shop:{self.shop_password}@127.0.0.1:{self.port}/shop"

    def superuser_url(self) -> str:
        """Return the superuser's address, which may also replicate."""
        return f"postgres://postgres:{self.superuser_password}@127.0.0.1:{self.port}/shop"


class State:
    """The files above."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir.resolve() / "postgres"
        self.url_file = self.folder / "url"
        self.credentials_file = self.folder / "credentials.json"
        self.leased_mark = self.folder / "stop-with-last-user"

    def create(self) -> None:
        """Make the folder. Root lets the server's user pass through it, but not look around in it."""
        mode = 0o711 if os.geteuid() == 0 else 0o700
        try:
            if not self.folder.parent.is_dir():
                self.folder.parent.mkdir(parents=True)
                self.folder.parent.chmod(mode)
            if not self.folder.is_dir():
                self.folder.mkdir(exist_ok=True)
                self.folder.chmod(mode)
        except OSError as error:
            raise EmbeddedPostgresError(f"Cannot make {self.folder}: {error.strerror}. Set DATA_DIR.") from error

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one to start or stop this server; wait for another who is at it."""
        handle = self._open("lock")
        try:
            deadline = time.monotonic() + LOCK_WAIT_S
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        message = (
                            f"Somebody else has been starting the server of {self.folder} for {LOCK_WAIT_S:.0f} s."
                        )
                        raise EmbeddedPostgresError(message) from None
                    time.sleep(0.02)
            yield
        finally:
            os.close(handle)

    def join_users(self) -> int:
        """Take the shared lock of a user; the caller closes the returned descriptor, at the latest by dying."""
        handle = self._open("users")
        fcntl.flock(handle, fcntl.LOCK_SH)  # waits only while a last user is stopping the server
        return handle

    def is_last_user(self, handle: int) -> bool:
        """Return whether nobody else holds the lock; if so, newcomers wait until ``handle`` is closed."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def url(self) -> str | None:
        """Return the address that the last start left."""
        try:
            return self.url_file.read_text().strip() or None
        except OSError:
            return None

    def credentials(self) -> Credentials | None:
        """Return what was stored, or None when there is nothing usable."""
        try:
            stored = json.loads(self.credentials_file.read_text())
            return Credentials(**stored)
        except PermissionError as error:
            message = f"{self.credentials_file} belongs to another user; run as that user or set another DATA_DIR."
            raise EmbeddedPostgresError(message) from error
        except (OSError, ValueError, TypeError):
            return None

    def store_credentials(self, credentials: Credentials) -> None:
        """Write them, whole or not at all."""
        write_private(self.credentials_file, json.dumps(asdict(credentials)), owner_of=self.folder)

    def announce(self, credentials: Credentials) -> str:
        """Leave the address for settings to find, and return it."""
        if self.url() != credentials.url():
            write_private(self.url_file, credentials.url() + "\n", owner_of=self.folder)
        return credentials.url()

    def withdraw(self) -> None:
        """Forget the address and who was to stop the server."""
        self.url_file.unlink(missing_ok=True)
        self.leased_mark.unlink(missing_ok=True)

    def _open(self, name: str) -> int:
        try:
            handle = os.open(self.folder / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except PermissionError as error:
            message = f"{self.folder / name} belongs to another user; run as that user or set another DATA_DIR."
            raise EmbeddedPostgresError(message) from error
        _give(handle, self.folder)
        return handle


def write_private(
    path: Path, text: str, *, owner_of: Path | None = None, uid_gid: tuple[int, int] | None = None
) -> None:
    """Replace ``path`` atomically by a 0600 file; as root it is given to ``uid_gid`` or to the owner of a folder."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.unlink(missing_ok=True)
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w") as stream:
        if owner_of is not None:
            _give(handle, owner_of)
        elif uid_gid is not None and os.geteuid() == 0:
            os.fchown(handle, *uid_gid)
        stream.write(text)
        stream.flush()
        os.fsync(handle)
    scratch.replace(path)


def _give(handle: int, folder: Path) -> None:
    """As root, let the folder's owner keep access: `sudo make run` must not lock the developer out."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(handle, owner.st_uid, owner.st_gid)
