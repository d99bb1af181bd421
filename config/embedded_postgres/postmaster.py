"""One postmaster: start it, find it, stop it. Knows nothing of roles, passwords or who uses it."""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from config.embedded_postgres.account import Account
from config.embedded_postgres.errors import EmbeddedPostgresError
from config.processes import die_with_parent

START_WAIT_S = 120.0  # crash recovery of a busy shop takes a while
LEFTOVER_WAIT_S = 15.0  # how long backends of a killed postmaster may take to notice
STOP_WAIT_S = 30.0
LOG_LIMIT_BYTES = 5_000_000
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "HOME": "/"}
# PostgreSQL's "do you speak TLS?": the only question that it answers to strangers, with one letter.
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)

# Postmasters that this process started. Popen objects are kept so that they can be reaped.
_ours: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class PidFile:
    """What ``postmaster.pid`` says."""

    pid: int
    port: int
    ready: bool


def read_pid_file(data: Path) -> PidFile | None:
    """Return the content of ``postmaster.pid``, or None when there is none (or it is being written)."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        return PidFile(pid=int(lines[0]), port=int(lines[3]), ready=len(lines) > 7 and lines[7].strip() == "ready")
    except (OSError, ValueError, IndexError):
        return None


def find_running(data: Path) -> PidFile | None:
    """Return the live postmaster of ``data``, ready or not.

    A pid alone proves nothing: after a reboot, or in a new container, another process has the number. So the process'
    command line must name this very folder.
    """
    told = read_pid_file(data)
    return told if told and is_postmaster_of(told.pid, data) else None


def is_postmaster_of(pid: int, data: Path) -> bool:
    """Return whether ``pid`` lives and is ``postgres -D <data>``; a zombie does not count."""
    started = _ours.get(pid)
    if started is not None and started.poll() is not None:
        del _ours[pid]
        return False
    if platform.system() == "Linux":
        try:
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return os.fsencode(data) in arguments
    seen = subprocess.run(  # noqa: S603 - fixed program, a number
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return f"-D {data}" in seen.stdout


def launch(
    programs: Path,
    data: Path,
    account: Account,
    *,
    log: Path,
    options: Sequence[str] = (),
    die_with_us: bool = False,
) -> int:
    """Start the postmaster of ``data``, wait until it takes connections, and return its pid.

    Options are for the bootstrap only; what shall last stands in postgresql.conf, where a base backup finds it.
    Raises EmbeddedPostgresError with the end of the log.
    """
    deadline = time.monotonic() + LEFTOVER_WAIT_S
    while True:
        _forget_foreign_pid(data)
        position = log.stat().st_size if log.exists() else 0
        process = _spawn(programs, data, account, log=log, options=options, die_with_us=die_with_us)
        try:
            if _becomes_ready(process, data):
                _ours[process.pid] = process
                return process.pid
        except BaseException:  # Ctrl-C too: nobody would know of it any more
            _interrupt(process)
            raise
        said = _tail(log, position)
        if "still in use" in said and time.monotonic() < deadline:
            time.sleep(0.2)  # backends of a postmaster that was killed are still on their way out
            continue
        raise EmbeddedPostgresError(f"PostgreSQL did not start. The end of {log}:\n{said}")


def stop(pid: int, data: Path) -> None:
    """Shut down fast: clients are cut off, everything committed is on disk. At most 30 s, then harder."""
    for number, patience in ((signal.SIGINT, STOP_WAIT_S), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        except PermissionError as error:
            message = f"The server (pid {pid}) was started by another user, who has to stop it."
            raise EmbeddedPostgresError(message) from error
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if not is_postmaster_of(pid, data):
                # It may have ended between the two looks of that question, and still be waiting to be reaped.
                if (ours := _ours.pop(pid, None)) is not None:
                    ours.wait()
                return
            time.sleep(0.01)
    raise EmbeddedPostgresError(f"The server (pid {pid}) does not stop.")


def wait_until_ready(data: Path) -> PidFile | None:
    """Return the postmaster of ``data`` once it answers; None when there is none, or it goes away.

    It may be one that somebody else began to start, or that is stopping, or that was killed a moment ago.
    """
    deadline = time.monotonic() + START_WAIT_S
    while found := find_running(data):
        if found.ready and _answers(found.port):
            return found
        if time.monotonic() > deadline:
            raise EmbeddedPostgresError(f"The server in {data} (pid {found.pid}) never became ready.")
        time.sleep(0.02)
    return None


def _spawn(
    programs: Path, data: Path, account: Account, *, log: Path, options: Sequence[str], die_with_us: bool
) -> subprocess.Popen[bytes]:
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        if os.geteuid() == 0:
            os.fchown(handle, account.uid, account.gid)
        return subprocess.Popen(  # noqa: S603 - our own program and arguments
            [str(programs / "postgres"), "-D", str(data), *options],
            cwd="/",  # the server's user may not be able to enter ours
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=handle,
            umask=0o077,
            start_new_session=True,  # a terminal's Ctrl-C is for us, not for the server
            preexec_fn=die_with_parent(signal.SIGINT) if die_with_us else None,  # noqa: PLW1509
            **account.switch,
        )
    finally:
        os.close(handle)


def _becomes_ready(process: subprocess.Popen[bytes], data: Path) -> bool:
    """Return False when the process ended instead; raise when it takes too long."""
    deadline = time.monotonic() + START_WAIT_S
    while process.poll() is None:
        told = read_pid_file(data)
        if told and told.pid == process.pid and told.ready:
            return True
        if time.monotonic() > deadline:
            raise EmbeddedPostgresError(f"PostgreSQL took more than {START_WAIT_S:.0f} s to start in {data}.")
        time.sleep(0.01)
    return False


def _forget_foreign_pid(data: Path) -> None:
    """Remove a pid file whose number now belongs to another process; PostgreSQL itself would believe it.

    Should a server of this folder run all the same (the folder was renamed under it), its shared memory still keeps a
    second one out.
    """
    told = read_pid_file(data)
    if told and not is_postmaster_of(told.pid, data) and _exists(told.pid):
        (data / "postmaster.pid").unlink(missing_ok=True)


def _answers(port: int) -> bool:
    """Return whether a backend greets us: a process that is being killed may still seem to be there, and listen."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(_SSL_REQUEST)
            return connection.recv(1) in {b"N", b"S"}
    except OSError:
        return False


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=STOP_WAIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _tail(log: Path, position: int, limit: int = 3000) -> str:
    try:
        return log.read_bytes()[position:][-limit:].decode(errors="replace").strip()
    except OSError:
        return "(no log)"
