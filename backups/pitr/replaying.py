"""Running a scratch cluster until it has stopped at its goal: what its log says decides, not an exit code."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg

from backups import programs
from backups.errors import BackupFailedError, BackupInterruptedError
from backups.pitr.scratch import Scratch
from backups.pitr.segments import parse_lsn
from backups.processes import ShouldStop, never
from config import embedded_postgres
from config.embedded_postgres.account import Account
from config.embedded_postgres.binaries import can_be_entered_by_others
from config.processes import die_with_parent

_STOP_S = 30.0
_POLL_S = 0.1
_STOPPED = re.compile(
    r"recovery stopping (?:before|after) (?:commit|abort) of transaction \d+, time (?P<at>[\d-]+ [\d:.]+)"
    r"|recovery stopping (?:before|after) WAL location"
)
_REPLAYED_TO = re.compile(r"last completed transaction was at log time ([\d-]+ [\d:.]+)")


@dataclass(frozen=True)
class Reached:
    """Where recovery stopped. ``last_at``: the last transaction that is in; ``next_at``: the first that is not.

    ``lsn`` is the end of what was replayed.
    """

    last_at: datetime | None
    next_at: datetime | None
    lsn: int


@contextlib.contextmanager
def replayed(
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
