"""Child processes that never outlive us: started so that they die with their parent, stopped within a bound.

Stdlib only and free of Django, because the launcher of the embedded database uses it before settings can load.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
# Loaded here, not in the child: between fork and exec nothing may import or allocate much.
_LIBC = ctypes.CDLL(None, use_errno=True) if platform.system() == "Linux" else None


def die_with_parent(number: signal.Signals = signal.SIGTERM) -> Callable[[], None] | None:
    """Return a ``preexec_fn`` that has the kernel send ``number`` to the child when its parent is gone.

    Only Linux can do this; elsewhere None is returned, and a parent that is killed with SIGKILL leaves its children.
    The kernel watches the *thread* that forks, so call Popen from the main thread.
    """
    if _LIBC is None:
        return None
    libc, parent = _LIBC, os.getpid()

    def ask_the_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # it died between fork and prctl: no signal will ever come
            os._exit(1)

    return ask_the_kernel


def port_is_free(host: str, port: int) -> bool:
    """Return whether a server could listen on ``host:port`` now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As servers do: an old connection in TIME_WAIT does not make a port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port


@dataclass
class Child:
    """One supervised process; ``name`` is what people read when it fails."""

    name: str
    process: subprocess.Popen[bytes]

    def signal_group(self, number: signal.Signals) -> None:
        """Send ``number`` to the child and to whatever it started itself; a group that is gone is no error."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)


@dataclass
class Supervisor:
    """The children of one command: start, watch, stop all.

    ``stop_asked`` turns true on SIGTERM, SIGINT or SIGHUP after ``listen()``. Children live in sessions of their own,
    so that a terminal's Ctrl-C reaches them once, through us.
    """

    grace_s: float = 15.0
    children: list[Child] = field(default_factory=list)
    stop_asked: bool = False

    def listen(self) -> None:
        """Turn SIGTERM, SIGINT and SIGHUP into ``stop_asked`` from now on."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def start(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path | None = None,
        output: IO[bytes] | None = None,
    ) -> Child:
        """Start ``argv``; it gets SIGTERM when this process disappears, however that happens (Linux).

        What it prints goes where ours goes, or into the file ``output``.
        """
        process = subprocess.Popen(  # noqa: S603 - the argv is ours, no shell
            argv,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=die_with_parent(),  # noqa: PLW1509 - one thread here, see die_with_parent
        )
        child = Child(name, process)
        self.children.append(child)
        return child

    def run(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path | None = None,
        output: IO[bytes] | None = None,
    ) -> int | None:
        """Run a step to its end; return its exit code, or None when a stop was asked for meanwhile."""
        child = self.start(name, argv, env=env, cwd=cwd, output=output)
        while child.process.poll() is None:
            if self.stop_asked:
                self._end([child])
                break
            time.sleep(0.02)
        self.children.remove(child)
        return None if self.stop_asked else child.process.returncode

    def first_dead(self) -> Child | None:
        """Return a child that has ended without being asked, if there is one."""
        return next((child for child in self.children if child.process.poll() is not None), None)

    def stop_all(self) -> list[str]:
        """Stop every child, newest first, and return the names of those that had to be killed."""
        stubborn = self._end(list(reversed(self.children)))
        self.children.clear()
        return stubborn

    def _end(self, children: list[Child]) -> list[str]:
        """SIGTERM to all, wait at most ``grace_s`` seconds together, SIGKILL for what is left."""
        for child in children:
            if child.process.poll() is None:
                child.process.terminate()
        deadline = time.monotonic() + self.grace_s
        stubborn = []
        for child in children:
            try:
                child.process.wait(timeout=max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                stubborn.append(child.name)
            # Also when it ended well: whatever it left behind in its session goes too.
            child.signal_group(signal.SIGKILL)
            child.process.wait()
        return stubborn

    def _on_signal(self, _number: int, _frame: object) -> None:
        self.stop_asked = True
