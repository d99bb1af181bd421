"""A real gunicorn of the shop on a PostgreSQL of its own, with a line between them that tests may break.

Nothing here is the suite's own server: it is stopped, restarted and stalled.
"""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from config import embedded_postgres
from config.embedded_postgres import postmaster
from config.processes import free_port
from tests.support.embedded import ROOT, data_folder, eventually
from tests.support.pg_proxy import PostgresProxy

DEADLINE_S = 4.0
COOL_DOWN_S = 1.0
SHORT_LIMITS = {
    "DATABASE_LOCK_TIMEOUT_S": "1",
    "DATABASE_STATEMENT_TIMEOUT_S": "2",
    "REQUEST_DEADLINE_S": str(DEADLINE_S),
    "DATABASE_BREAKER_COOL_DOWN_S": str(COOL_DOWN_S),
}
"""The limits of production, about three times as fast."""


@dataclass(frozen=True)
class Answer:
    """One answer, and how long it took in seconds."""

    status: int
    headers: Mapping[str, str]
    body: str
    took: float


class BreakableDatabase:
    """A throw-away PostgreSQL, migrated, behind a proxy whose address never changes."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.url = embedded_postgres.start(data_dir, throw_away=True)
        parts = urlsplit(self.url)
        assert parts.hostname is not None
        assert parts.port is not None
        self.proxy = PostgresProxy(parts.hostname, parts.port)
        where = parts.netloc.rpartition("@")[0]
        self.url_through_proxy = urlunsplit(parts._replace(netloc=f"{where}@127.0.0.1:{self.proxy.port}"))

    def stop(self) -> None:
        """Stop the server in the middle of whatever it does, as a crash would."""
        data = embedded_postgres.home(self.data_dir) / "data"
        found = postmaster.find_running(data)
        assert found is not None
        os.kill(found.pid, signal.SIGQUIT)
        assert eventually(lambda: postmaster.find_running(data) is None)

    def start(self) -> None:
        """Start it again, at the same address."""
        assert embedded_postgres.start(self.data_dir, throw_away=True) == self.url

    def restart(self) -> None:
        self.stop()
        self.start()


class WebServer:
    """One gunicorn with one worker."""

    def __init__(self, database: BreakableDatabase, data_dir: Path, **variables: str) -> None:
        self.port = free_port()
        self.log_path = data_dir / f"web-{self.port}.log"
        environment = environment_of(database, data_dir) | variables
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "gunicorn", "config.wsgi:application"),
                    *("--config", "python:config.web_server", "--bind", f"127.0.0.1:{self.port}"),
                ],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        up = eventually(lambda: self.process.poll() is not None or self._lives(), within_s=60)
        assert up, self.log
        assert self.process.poll() is None, self.log

    def _lives(self) -> bool:
        try:
            return self.get("/healthz").status == 200
        except OSError:
            return False

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def get(self, path: str, **headers: str) -> Answer:
        """Ask once, on a connection of its own."""
        return self.request("GET", path, headers=headers)

    def request(self, method: str, path: str, *, body: str = "", headers: Mapping[str, str] | None = None) -> Answer:
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        started = time.monotonic()
        try:
            client.request(method, path, body=body or None, headers={"Host": "127.0.0.1"} | dict(headers or {}))
            answer = client.getresponse()
            text = answer.read().decode()
            return Answer(answer.status, dict(answer.getheaders()), text, time.monotonic() - started)
        finally:
            client.close()

    def stop(self) -> int:
        """End it in good order and return its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(timeout=30)


def environment_of(database: BreakableDatabase, data_dir: Path) -> dict[str, str]:
    """Return the environment of a process of the shop that uses this database."""
    return os.environ | {
        "DATABASE_URL": database.url_through_proxy,
        "DATABASE_DIRECT_URL": database.url_through_proxy,
        "DATABASE_POOL": "on",
        "DATABASE_POOL_SIZE": "8",
        "DATA_DIR": str(data_dir),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SHOP_PROCESS": "web",
        "PYTHONWARNINGS": "ignore",
        **SHORT_LIMITS,
    }


def manage(database: BreakableDatabase, data_dir: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the shop to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=environment_of(database, data_dir) | {"SHOP_PROCESS": "command"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@contextmanager
def breakable_database() -> Iterator[BreakableDatabase]:
    """Make one, migrate it, and remove it with everything afterwards."""
    with data_folder() as folder:
        folder.mkdir(exist_ok=True)
        database = BreakableDatabase(folder)
        try:
            done = manage(database, folder, "migrate", "--verbosity", "0")
            assert done.returncode == 0, done.stderr
            yield database
        finally:
            database.proxy.close()


@contextmanager
def web_server(database: BreakableDatabase, **variables: str) -> Iterator[WebServer]:
    """Start one, and stop it afterwards."""
    with tempfile.TemporaryDirectory(prefix="shop-web-") as folder:
        server = WebServer(database, Path(folder), **variables)
        try:
            yield server
        finally:
            try:
                server.stop()
            except subprocess.TimeoutExpired:
                server.process.kill()
                server.process.wait()
                raise
