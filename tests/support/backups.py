"""A server for tests about backups, and what they ask it."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from backups.errors import BackupFailedError
from backups.target import Target


@dataclass
class ShopServer:
    """Where it is, and names that no test had before."""

    url: str
    admin_url: str
    archive: bytes = b""
    folder: Path | None = None
    """The data folder of an embedded one."""
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def new_name(self) -> str:
        return f'toko {next(self._numbers)} "é"=x'

    @property
    def password(self) -> str:
        """The shop's password."""
        return str(urlsplit(self.url).password)

    def target(self, name: str) -> Target:
        parts = urlsplit(self.url)
        return Target(
            host=str(parts.hostname), port=str(parts.port), user="shop", password=str(parts.password), name=name
        )

    def url_of(self, name: str, *, admin: bool = False) -> str:
        parts = urlsplit(self.admin_url if admin else self.url)
        return urlunsplit(parts._replace(path=f"/{quote(name, safe='')}"))

    def environment(self, name: str) -> dict[str, str]:
        url = self.url_of(name)
        return {"DATABASE_URL": url, "DATABASE_DIRECT_URL": url}


def databases(server: ShopServer, name: str) -> list[str]:
    """Return the databases whose name begins with ``name``, sorted."""
    with psycopg.connect(server.admin_url, autocommit=True) as session:
        found = session.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [name]).fetchall()
    return sorted(name for (name,) in found)


def drop_databases(server: ShopServer, name: str) -> None:
    """Drop a test's database and everything made beside it."""
    for other in databases(server, name):
        with psycopg.connect(server.admin_url, autocommit=True) as session:
            session.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(other)))


def value(target: Target, query: str) -> Any:
    """Return the first column of the first row."""
    with psycopg.connect(
        host=target.host, port=target.port, user=target.user, password=target.password, dbname=target.name,
        autocommit=True,
    ) as session:  # fmt: skip
        row = session.execute(query).fetchone()
    return row[0] if row else None


def change(target: Target, statement: str) -> None:
    """Run a statement and commit it."""
    with psycopg.connect(
        host=target.host, port=target.port, user=target.user, password=target.password, dbname=target.name,
        autocommit=True,
    ) as session:  # fmt: skip
        session.execute(statement)


def failing_hook(*, using: str, since: Any) -> str:
    """Fail, as a hook of BACKUP_BEFORE_SWAP may."""
    raise BackupFailedError("The hook failed.")


def children_named(name: str, *, of: int) -> list[int]:
    """Return the processes of that name that a process' main thread started."""
    found = []
    for pid in Path(f"/proc/{of}/task/{of}/children").read_text().split():
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/comm").read_text().strip() == name:
                found.append(int(pid))
    return found


def is_alive(pid: int) -> bool:
    """Return whether a process still runs; one that only waits to be buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
