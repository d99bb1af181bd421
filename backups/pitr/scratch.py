"""A cluster beside the live one: a copy of a base backup that replays WAL to a target and stops there, paused.

It has a configuration of its own and nothing of the copy's: it archives nothing, listens on no network, only on a
socket in a folder that nobody else can enter, and trusts whoever can.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from backups.errors import BackupFailedError, BackupInterruptedError, BackupRefusedError
from backups.pitr.archive import Archive
from backups.pitr.script import plain
from backups.processes import ShouldStop, never
from backups.target import Target
from config.embedded_postgres import postmaster
from config.embedded_postgres.account import Account

PREFIX = ".scratch-"
SOCKET_PREFIX = "shop-pitr-"
_PORT = "5432"  # a part of the socket's name, no port
_SOCKET_BYTES = 100  # 107 is the limit of the address
_LOG = "recovery.log"
_HBA = "local all all trust\n"
_SETTINGS = """\
# Written by `manage.py pitr`: a cluster to look into the past, not to work with.
listen_addresses = ''
unix_socket_directories = '{socket}'
unix_socket_permissions = 0700
port = {port}
hba_file = '{hba}'
archive_mode = off
restore_command = 'cp "{wal}/%f" "%p"'
recovery_target_timeline = '{timeline}'
recovery_target_action = 'pause'
{target}
hot_standby = on
wal_level = replica
shared_buffers = 64MB
max_wal_size = 1GB
jit = off
fsync = off
full_page_writes = off
autovacuum = off
log_destination = 'stderr'
logging_collector = off
log_timezone = 'UTC'
timezone = 'UTC'
lc_messages = 'C'
log_line_prefix = '%m [%p] '
{limits}
"""


@dataclass(frozen=True)
class Goal:
    """Where recovery stops: before the first transaction after ``moment``, or right behind the record at ``lsn``."""

    moment: datetime
    lsn: str = ""

    @property
    def setting(self) -> str:
        """Return the line of the configuration."""
        if self.lsn:
            return f"recovery_target_lsn = '{self.lsn}'"
        return f"recovery_target_time = '{self.moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00'"


@dataclass(frozen=True)
class Scratch:
    """The folder of one: ``data``, the log, and the socket."""

    folder: Path
    socket: Path

    @property
    def data(self) -> Path:
        """Return the cluster's files."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """Return the log, which no earlier run has written to."""
        return self.folder / _LOG

    def target(self, user: str, name: str) -> Target:
        """Return how to get into one of its databases."""
        return Target(host=str(self.socket), port=_PORT, user=user, password="", name=name)


def make_folder(archive: Archive, account: Account, into: Path | None) -> Scratch:
    """Make a 0700 folder for the server's user: a new one of ours, or ``into``, which must not exist or be empty.

    Raises BackupRefusedError, BackupFailedError.
    """
    if account.uid == 0:
        raise BackupRefusedError(
            f"{archive.wal} belongs to root, and PostgreSQL does not run as root. Give it to the server's user."
        )
    try:
        if into is None:
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=archive.folder))
        else:
            folder = into
            folder.mkdir(mode=0o700)
    except FileExistsError:
        raise BackupRefusedError(f"{into} exists already; name a folder that does not.") from None
    except OSError as error:
        raise BackupFailedError(f"Cannot make {into or archive.folder}: {error.strerror}.") from error
    try:
        plain(folder)
        account.give(folder)
        socket = folder / "socket"
        if len(os.fsencode(f"{socket}/.s.PGSQL.{_PORT}")) > _SOCKET_BYTES:
            socket = Path(tempfile.mkdtemp(prefix=SOCKET_PREFIX))
            (folder / "socket-is-in").write_text(str(socket))
        else:
            socket.mkdir(mode=0o700)
        account.give(socket)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Scratch(folder, socket)


def remove(scratch: Scratch) -> None:
    """Remove everything of it."""
    if scratch.folder not in scratch.socket.parents:
        shutil.rmtree(scratch.socket, ignore_errors=True)
    shutil.rmtree(scratch.folder, ignore_errors=True)


def sweep(archive: Archive) -> None:
    """Remove what killed runs left, and stop a server that is still on its way out. Only while holding the lock."""
    for folder in archive.folder.glob(f"{PREFIX}*"):
        if found := postmaster.find_running(folder / "data"):
            postmaster.stop(found.pid, folder / "data")
        with contextlib.suppress(OSError):
            socket = Path((folder / "socket-is-in").read_text())
            if socket.parent == Path(tempfile.gettempdir()) and socket.name.startswith(SOCKET_PREFIX):
                shutil.rmtree(socket, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def copy_base(source: Path, scratch: Scratch, account: Account, *, should_stop: ShouldStop = never) -> None:
    """Copy a base backup there. Raises BackupFailedError, BackupInterruptedError."""

    def copy(one: str, other: str) -> str:
        if should_stop():
            raise BackupInterruptedError("Interrupted while copying the base backup; nothing was kept.")
        return shutil.copyfile(one, other, follow_symlinks=False)

    try:
        shutil.copytree(source, scratch.data, symlinks=True, copy_function=copy)
        for folder, _names, files in os.walk(scratch.data):
            Path(folder).chmod(0o700)
            account.give(Path(folder))
            for name in files:
                path = Path(folder, name)
                path.chmod(0o600)
                account.give(path)
    except (OSError, shutil.Error) as error:
        raise BackupFailedError(f"Cannot copy the base backup to {scratch.folder}: {error}.") from error


def configure(
    scratch: Scratch, account: Account, archive: Archive, *, goal: Goal, timeline: int, limits: Mapping[str, int]
) -> None:
    """Give it a configuration of its own instead of the copy's, and ask for recovery."""
    hba = scratch.data / "pg_hba.conf"
    text = _SETTINGS.format(
        socket=scratch.socket,
        port=_PORT,
        hba=hba,
        wal=plain(archive.wal),
        timeline=timeline,
        target=goal.setting,
        limits="\n".join(f"{name} = {value}" for name, value in limits.items()),
    )
    for path, content in (
        (hba, _HBA),
        (scratch.data / "postgresql.conf", text),
        (scratch.data / "postgresql.auto.conf", ""),
        (scratch.data / "recovery.signal", ""),
    ):
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(content)
        account.give(path)
    (scratch.data / "standby.signal").unlink(missing_ok=True)
