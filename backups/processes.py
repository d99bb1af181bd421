"""PostgreSQL's programs as child processes: streamed, watched, and never left behind."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any

from backups.errors import (
    BackupBusyError,
    BackupFailedError,
    BackupInterruptedError,
    BackupLostError,
    BackupProgramError,
    BackupSpaceError,
)
from config.processes import die_with_parent

CHUNK = 1 << 18
_POLL_S = 0.2

# As the server and libpq say it with LC_ALL=C; the programs have no better way to tell.
_BUSY = ("due to lock timeout", "due to statement timeout")
_LOST = (
    "server closed the connection unexpectedly",
    "terminating connection",
    "could not receive data from server",
    "no connection to the server",
    "Connection refused",
    "the database system is starting up",
    "the database system is shutting down",
    "the database system is in recovery mode",
    "the database system is not yet accepting connections",
    "too many clients already",
    "too many connections for",
    "remaining connection slots are reserved",
    "ERROR:  out of memory",  # the server's; a program that is given nonsense may run out of its own
    "FATAL:  out of memory",
)
_FULL = ("No space left on device", "Disk quota exceeded")

# An operator, or a machine without memory to spare; a program that stumbles over its input ends otherwise.
_KILLED = (signal.SIGKILL, signal.SIGTERM)

ShouldStop = Callable[[], bool]


def never() -> bool:
    """Nobody asks us to stop."""
    return False


class Program:
    """A running program. ``finish`` is the only way to learn that it did its work."""

    def __init__(self, process: subprocess.Popen[bytes], said: IO[bytes], name: str, should_stop: ShouldStop) -> None:
        self._process = process
        self._said = said
        self._name = name
        self._should_stop = should_stop

    def chunks(self) -> Iterator[bytes]:
        """Yield what it writes. Raises BackupInterruptedError soon after a stop was asked for."""
        stream = self._process.stdout
        assert stream is not None
        while True:
            self._check_stop()
            if not select.select([stream], [], [], _POLL_S)[0]:
                continue
            chunk = os.read(stream.fileno(), CHUNK)
            if not chunk:
                return
            yield chunk

    def feed(self, chunk: bytes) -> bool:
        """Write to it; False when it reads no more, for which ``finish`` knows the reason."""
        self._check_stop()
        stream = self._process.stdin
        assert stream is not None
        try:
            stream.write(chunk)
        except BrokenPipeError:
            return False
        return True

    def finish(self) -> None:
        """Wait for its end. Raises BackupFailedError with its last words unless it says that all is well.

        BackupProgramError when what it was given must be the reason; BackupLostError when it lost the server, or
        somebody killed it; BackupBusyError, BackupSpaceError.
        """
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        while (code := self._ended()) is None:
            self._check_stop()
        if code != 0:
            how = f"exit code {code}" if code > 0 else f"killed by signal {-code}"
            said = self._said_at_last()
            kind = BackupLostError if -code in _KILLED else kind_of(said, otherwise=BackupProgramError)
            raise kind(f"{self._name} failed ({how}): {_last_words(said)}")

    def _ended(self) -> int | None:
        try:
            return self._process.wait(timeout=_POLL_S)
        except subprocess.TimeoutExpired:
            return None

    def _said_at_last(self) -> str:
        self._said.seek(0)
        return self._said.read()[-4000:].decode(errors="replace")

    def _check_stop(self) -> None:
        if self._should_stop():
            raise BackupInterruptedError(f"Interrupted during {self._name}; nothing was kept.")


def kind_of(said: str, *, otherwise: type[BackupFailedError] = BackupFailedError) -> type[BackupFailedError]:
    """Return what kind of failure the words of a program or of the server tell of."""
    if any(words in said for words in _BUSY):
        return BackupBusyError
    if any(words in said for words in _FULL):
        return BackupSpaceError
    if any(words in said for words in _LOST):
        return BackupLostError
    return otherwise


def _last_words(said: str) -> str:
    lines = [line.strip() for line in said.splitlines()[-6:]]
    return " | ".join(line for line in lines if line) or "it said nothing"


@contextlib.contextmanager
def running(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    should_stop: ShouldStop = never,
    reads: bool = False,
    writes: bool = False,
) -> Iterator[Program]:
    """Run a program in a process group of its own; however the block ends, the group is gone afterwards.

    ``reads``: it gets input by ``feed``; ``writes``: its output comes by ``chunks``.
    """
    name = os.path.basename(argv[0])  # noqa: PTH119 - an argument, not a path to work with
    pipes: dict[str, Any] = {
        "stdin": subprocess.PIPE if reads else subprocess.DEVNULL,
        "stdout": subprocess.PIPE if writes else subprocess.DEVNULL,
    }
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(  # noqa: S603 - a program that we found, no shell
                list(argv),
                env=dict(env),
                stderr=said,
                bufsize=0,
                umask=0o077,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - commands run it in their main thread
                **pipes,
            )
        except OSError as error:
            raise BackupFailedError(f"Cannot start {argv[0]}: {error.strerror}.") from error
        try:
            yield Program(process, said, name, should_stop)
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()
