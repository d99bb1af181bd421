"""An operator: runs the backup commands as real processes, and sees to it that no secret shows anywhere."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from backups.storage import Store
from backups.target import Target
from tests.support.backups import ShopServer
from tests.support.embedded import ROOT

PATIENCE_S = 300


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Everything it said, on one line, so that a wrapped message can be found."""
        return " ".join(f"{self.out} {self.err}".split())

    @property
    def last_line(self) -> str:
        return self.out.splitlines()[-1] if self.out else ""


class Started:
    """A command that still runs."""

    def __init__(self, process: subprocess.Popen[str], secrets: frozenset[str]) -> None:
        self.process, self._secrets = process, secrets
        self.pid = process.pid
        self._seen = ""

    def until(self, beginning: str) -> None:
        """Read what it says up to a line that begins so."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._seen += line
            if line.startswith(beginning):
                return
        raise AssertionError(f"It ended without saying {beginning!r}: {self._seen}{self.end().err}")

    def kill(self) -> Done:
        """End it as a power cut would."""
        return self.send(signal.SIGKILL)

    def send(self, number: signal.Signals) -> Done:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        return self.end()

    def end(self) -> Done:
        """Wait for its end."""
        try:
            out, err = self.process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
            raise AssertionError(f"It did not end: {self._seen}{out}{err}") from None
        done = Done(self.process.returncode, self._seen + out, err)
        assert not [secret for secret in self._secrets if secret in done.out + done.err], "a secret was said"
        assert "Traceback" not in done.err, done.err
        return done


def assert_said(expected: str, text: str) -> None:
    """Look for a pattern in what was said, wherever its lines break."""
    assert re.search(expected, " ".join(text.split())), text


@dataclass
class Operator:
    """Works on one database of a server, with a folder of backups and a data folder of his own."""

    server: ShopServer
    target: Target
    store: Store
    data_dir: Path
    variables: dict[str, str] = field(default_factory=dict)
    stdin: int = subprocess.DEVNULL
    """Nobody is at the terminal, unless this is one."""

    def start(self, *words: str, **variables: str) -> Started:
        """Start ``manage.py WORDS``."""
        environment = os.environ | self.server.environment(self.target.name)
        environment |= {"BACKUP_DIR": str(self.store.folder), "DATA_DIR": str(self.data_dir)}
        environment |= {"SHOP_PROCESS": "command", "PYTHONUNBUFFERED": "1"} | self.variables | variables
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "manage.py", *words],
            cwd=ROOT,
            env=environment,
            stdin=self.stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return Started(process, frozenset({self.server.password, *secrets_of(environment)}))

    def run(self, *words: str, **variables: str) -> Done:
        """Run ``manage.py WORDS`` to its end."""
        return self.start(*words, **variables).end()

    def restore(self, *words: str, **variables: str) -> Done:
        """Run ``restore_db WORDS`` as a script does."""
        return self.run("restore_db", *self.unasked(*words), **variables)

    def unasked(self, *words: str) -> tuple[str, ...]:
        """Return the words of a restore that asks nobody."""
        return (*words, "--noinput", "--confirm-db", self.target.name)

    def files(self) -> list[str]:
        """Return what is in the folder of backups, without the lock."""
        return sorted(path.name for path in self.store.folder.iterdir() if path.name != ".lock")

    def passwords_left(self) -> list[Path]:
        """Return the private folders that runs have left."""
        return list(self.data_dir.glob(".pgpass-*"))


def secrets_of(environment: dict[str, str]) -> set[str]:
    """Return the password in an environment's DATABASE_URL."""
    password = environment["DATABASE_URL"].partition("://")[2].partition("@")[0].partition(":")[2]
    return {password} if password else set()


@contextmanager
def nobody_shows(secret: str) -> Iterator[None]:
    """Read the argument lists of everything that we started, again and again; none may hold the secret."""
    done, shown = threading.Event(), set()
    needle = secret.encode()

    def look() -> None:
        while not done.wait(0.02):
            for pid in descendants(os.getpid()):
                with suppress(OSError):
                    line = Path(f"/proc/{pid}/cmdline").read_bytes()
                    if needle in line:
                        shown.add(line.replace(b"\0", b" ").decode(errors="replace"))

    watcher = threading.Thread(target=look, name="argv-watch")
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
    assert not shown, "a secret stood in an argument list"


def descendants(pid: int) -> Iterator[int]:
    """Yield the processes that a process started, and theirs."""
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield int(child)
                yield from descendants(int(child))


def as_superuser(server: ShopServer, name: str, statement: str, **parts: Any) -> None:
    """Run one statement as the superuser in a database; ``parts`` become identifiers."""
    with psycopg.connect(server.url_of(name, admin=True), autocommit=True) as session:
        identifiers = {key: sql.Identifier(value) for key, value in parts.items()}
        session.execute(sql.SQL(statement).format(**identifiers))
