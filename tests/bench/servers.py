"""The processes that answer: the shop and the reference site on the same gunicorn settings, and the simulator."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from config.processes import Supervisor
from tests.bench import cpu, http_load
from tests.bench.http_load import HttpClient, get
from tests.bench.report import BenchError, Load
from tests.bench.sandbox import ROOT, Sandbox
from tests.support.simulator import CLIENT_KEY, SERVER_KEY, Simulator

WORKERS, THREADS = 2, 4
_START_S = 60.0


@dataclass(frozen=True)
class Site:
    """One gunicorn, and PostgreSQL behind it."""

    port: int
    pid: int
    postmaster: int

    def load(self, next_request: http_load.NextRequest, *, seconds: float, seed: str, expect: int) -> Load:
        """Let 8 clients ask for ``seconds``; the CPU is that of gunicorn and PostgreSQL."""
        with cpu.metered(self.pid, self.postmaster) as meter:
            found = http_load.load(self.port, next_request, seconds=seconds, seed=seed, expect=expect)
        return replace(found, cpu=meter.seconds)

    def load_of(self, requests: Sequence[bytes], *, expect: int) -> Load:
        """Let 8 clients get a list answered; the CPU is that of gunicorn and PostgreSQL."""
        with cpu.metered(self.pid, self.postmaster) as meter:
            found = http_load.load_of(self.port, requests, expect=expect)
        return replace(found, cpu=meter.seconds)


@dataclass(frozen=True)
class Servers:
    """What runs."""

    shop: Site
    bare: Site
    simulator: Simulator


@contextmanager
def maybe(sandbox: Sandbox, *, wanted: bool) -> Iterator[Servers | None]:
    """Start everything, or nothing when no section asks for it."""
    if not wanted:
        yield None
        return
    with running(sandbox) as servers:
        yield servers


@contextmanager
def running(sandbox: Sandbox) -> Iterator[Servers]:
    """Start all three, wait until they answer, and stop them at the end."""
    supervisor = Supervisor(grace_s=10.0)
    web = os.environ | sandbox.environment(pool=True)
    try:
        supervisor.start(
            "simulator",
            [sys.executable, "-m", "payments.simulator", "--port", str(sandbox.simulator_port), "--seed", "1"],
            env=os.environ | {"SIMULATOR_SERVER_KEY": SERVER_KEY, "SIMULATOR_CLIENT_KEY": CLIENT_KEY},
            cwd=ROOT,
        )
        supervisor.start("shop", _gunicorn(sandbox.shop_port), env=web, cwd=ROOT)
        bare = web | {"DJANGO_SETTINGS_MODULE": "tests.bench.bare_settings", "DATABASE_POOL": "off"}
        supervisor.start("reference site", _gunicorn(sandbox.bare_port), env=bare, cwd=ROOT)
        for port, path in (
            (sandbox.simulator_port, None),
            (sandbox.shop_port, "/robots.txt"),
            (sandbox.bare_port, "/get/barang-1"),
        ):
            _wait(supervisor, port, path)
        process: Any = supervisor.children[0].process
        simulator = Simulator(process, f"http://127.0.0.1:{sandbox.simulator_port}", SERVER_KEY, CLIENT_KEY)
        sites = (
            Site(port, child.process.pid, sandbox.postmaster)
            for port, child in zip((sandbox.shop_port, sandbox.bare_port), supervisor.children[1:], strict=True)
        )
        yield Servers(next(sites), next(sites), simulator)
    finally:
        supervisor.stop_all()


def _gunicorn(port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "gunicorn", "tests.bench.wsgi:application", "--bind", f"127.0.0.1:{port}"),
        *("--worker-class", "gthread", "--workers", str(WORKERS), "--threads", str(THREADS)),
        *("--timeout", "60", "--graceful-timeout", "5", "--log-level", "warning", "--no-control-socket"),
    ]


def _wait(supervisor: Supervisor, port: int, path: str | None) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if dead := supervisor.first_dead():
            raise BenchError(f"The {dead.name} did not start (exit code {dead.process.returncode}).")
        with suppress(OSError, BenchError):
            if path is None:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            client = HttpClient(port)
            status, _ = client.send(get(path))
            client.close()
            if status == 200:
                return
        time.sleep(0.1)
    raise BenchError(f"No answer on port {port} after {_START_S:.0f} s.")
