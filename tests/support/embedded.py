"""Helpers of the tests about the embedded server: folders of every kind, starters in other processes."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from config import embedded_postgres
from config.embedded_postgres import postmaster

ROOT = Path(__file__).resolve().parents[2]
IS_ROOT = os.geteuid() == 0

START = """
import sys
from pathlib import Path
from config import embedded_postgres
print(embedded_postgres.start(Path(sys.argv[1]), throw_away=len(sys.argv) > 2))
"""


@contextmanager
def data_folder(*, mode: int = 0o711, owner: pwd.struct_passwd | None = None) -> Iterator[Path]:
    """Make a data folder below a folder of ``mode`` and ``owner``; afterwards stop its server and remove everything."""
    top = Path(tempfile.mkdtemp(prefix="shop-embedded-")).resolve()
    top.chmod(mode)
    if owner is not None:
        os.chown(top, owner.pw_uid, owner.pw_gid)
    try:
        yield top / "data"
    finally:
        embedded_postgres.destroy(top / "data")
        shutil.rmtree(top)


def starter(data_dir: Path, *extra: str, program: str = START, **options: Any) -> subprocess.Popen[str]:
    """Start the server from another process, which prints the URL."""
    return subprocess.Popen(
        [sys.executable, "-c", program, str(data_dir), *extra],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def superuser_url(data_dir: Path) -> str:
    """Return the superuser's address of a cluster that is there."""
    url = embedded_postgres.superuser_url(data_dir)
    assert url is not None
    return url


def port_of(url: str) -> int:
    """Return the port in a URL."""
    port = urlsplit(url).port
    assert port is not None
    return port


def pid_of(data_dir: Path) -> int | None:
    """Return the postmaster's pid while it lives."""
    found = postmaster.find_running(embedded_postgres.home(data_dir) / "data")
    return found.pid if found else None


def ask(url: str, query: str) -> Any:
    """Return the first column of the first row."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def write(url: str, statement: str) -> None:
    """Run a statement and commit it."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def eventually(condition: Callable[[], object], *, within_s: float = 20.0) -> bool:
    """Return whether ``condition`` came true in time."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


def become(user: pwd.struct_passwd) -> str:
    """Return the lines that make a starter, begun by root, an ordinary user.

    Everything is imported before: Python itself may stand where that user cannot go.
    """
    return (
        "import os, psycopg, psycopg.sql\n"
        "from config import embedded_postgres\n"
        f"os.setgroups([]); os.setgid({user.pw_gid}); os.setuid({user.pw_uid})\n"
    )
