"""A cluster beside the live one: a copy of a base backup that replays WAL to a target and stops there, paused.

It has a configuration of its own and nothing of the copy's: it archives nothing, listens on no network, only on a
socket in a folder that nobody else can enter, and trusts whoever can.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from backups import programs
from backups.errors import BackupFailedError, BackupInterruptedError, BackupRefusedError
from backups.pitr.archive import Archive
from backups.pitr.script import plain
from backups.pitr.segments import parse_lsn
from backups.processes import ShouldStop, never
from backups.target import Target
from config import embedded_postgres
from config.embedded_postgres import postmaster
from config.embedded_postgres.account import Account
from config.embedded_postgres.binaries import can_be_entered_by_others
from config.processes import die_with_parent

PREFIX = ".scratch-"
SOCKET_PREFIX = "shop-pitr-"
_PORT = "5432"  # a part of the socket's name, no port
_SOCKET_BYTES = 100  # 107 is the limit of the address
_STOP_S = 30.0
_POLL_S = 0.1
_LOG = "recovery.log"
_STOPPED = re.compile(
    r"recovery stopping (?:before|after) (?:commit|abort) of transaction \d+, time (?P<at>[\d-]+ [\d:.]+)"
    r"|recovery stopping (?:before|after) WAL location"
)
_REPLAYED_TO = re.compile(r"last completed transaction was at log time ([\d-]+ [\d:.]+)")
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
class Reached:
    """Where recovery stopped. ``last_at``: the last transaction that is in; ``next_at``: the first that is not.

    ``lsn`` is the end of what was replayed.
    """

    last_at: datetime | None
    next_at: datetime | None
    lsn: int


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


@contextlib.contextmanager
def recovered(
    scratch: Scratch, account: Account, *, major: int, user: str, should_stop: ShouldStop = never
) -> Iterator[Reached]:
    """Start it, wait until it has stopped at its goal, and keep it up, paused, during the block.

    What a starter's exit code says is not believed: the log must name the goal and the server must say that it is
    paused. Raises BackupFailedError with what the log says, BackupInterruptedError.
    """
    process = _start(scratch, account, major)
    try:
        yield _wait(scratch, process, user, should_stop)
    finally:
        for number, patience in ((signal.SIGINT, _STOP_S), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=patience)
                break


def _start(scratch: Scratch, account: Account, major: int) -> subprocess.Popen[bytes]:
    program = programs.find_exact("postgres", major=major)
    if account.switch and not can_be_entered_by_others(program.parent):
        # Only the embedded server's programs can stand where its user cannot go.
        program = embedded_postgres.programs(scratch.folder) / "postgres"
    handle = os.open(scratch.log, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        return subprocess.Popen(  # noqa: S603 - a program that we found, no shell
            [str(program), "-D", str(scratch.data)],
            cwd="/",
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "HOME": "/"},
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=handle,
            umask=0o077,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGQUIT),  # noqa: PLW1509 - commands run it in their main thread
            **account.switch,
        )
    except OSError as error:
        raise BackupFailedError(f"Cannot start {program}: {error.strerror}.") from error
    finally:
        os.close(handle)


def _wait(scratch: Scratch, process: subprocess.Popen[bytes], user: str, should_stop: ShouldStop) -> Reached:
    while True:
        if should_stop():
            raise BackupInterruptedError("Interrupted during recovery; nothing was kept.")
        said = scratch.log.read_text(errors="replace")
        if process.poll() is not None:
            raise BackupFailedError(f"Recovery failed: {_why(said)}")
        if "insufficient parameter settings" in said:
            raise BackupFailedError(f"Recovery waits for larger settings: {_why(said)}")
        if (stopped := _STOPPED.search(said)) and "pausing at the end of recovery" in said:
            found = _ask(scratch, user)
            if found is not None:
                next_at = _moment(stopped["at"]) if stopped["at"] and "before" in stopped[0] else None
                return Reached(found[0], next_at, found[1])
        time.sleep(_POLL_S)


def _ask(scratch: Scratch, user: str) -> tuple[datetime | None, int] | None:
    """Return the last replayed transaction's time (None: there was none) and location; None: not paused yet."""
    try:
        with contextlib.closing(scratch.target(user, "template1").connect()) as session:
            row = session.execute(
                "SELECT pg_is_in_recovery() AND pg_get_wal_replay_pause_state() = 'paused',"
                " pg_last_xact_replay_timestamp(), pg_last_wal_replay_lsn()::text"
            ).fetchone()
    except psycopg.OperationalError:
        return None
    assert row is not None
    return (row[1], parse_lsn(row[2])) if row[0] else None


def _why(said: str) -> str:
    """Return the log's complaints, and how far it came."""
    lines = [line.partition("] ")[2] for line in said.splitlines()]
    bad = [
        line for line in lines if re.match(r"(FATAL|PANIC|ERROR|WARNING):|LOG:\s+(invalid|incorrect|unexpected)", line)
    ]
    came = _REPLAYED_TO.findall(said)
    reached = f" The last transaction that was replayed is of {came[-1]} UTC." if came else ""
    return " | ".join(" ".join(line.split()) for line in (bad or lines)[-4:]) + reached


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
