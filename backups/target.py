"""Which server and database, and how to get in without a secret in any argument list.

Our own sessions are psycopg's. PostgreSQL's programs get everything by environment variables and a private password
file, because arguments can be read by everybody on the machine.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection
from psycopg.rows import TupleRow

from backups.errors import BackupFailedError, BackupRefusedError

Connection = psycopg.Connection[TupleRow]

PASSWORD_FOLDER = ".pgpass-"  # noqa: S105 - the beginning of a folder's name
_MAINTENANCE = ("postgres", "template1")
_TLS = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslcrl": "PGSSLCRL",
    "channel_binding": "PGCHANNELBINDING",
    "gssencmode": "PGGSSENCMODE",
}
# The role's own limits are a web request's. How values are written decides the content hashes.
_SESSION = {
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "timezone": "UTC",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "xmlbinary": "base64",
}
# While pg_restore works, our own sessions say nothing for as long as it takes: a router would forget them.
_KEEP_ALIVE = {"keepalives": 1, "keepalives_idle": 60, "keepalives_interval": 20, "keepalives_count": 6}


@dataclass(frozen=True)
class Target:
    """One database of one server. Empty texts mean libpq's own default."""

    host: str
    port: str
    user: str
    password: str = field(repr=False)
    name: str
    tls: Mapping[str, str] = field(default_factory=dict)

    def at(self, name: str) -> Target:
        """Return the same server and role with another database."""
        return replace(self, name=name)

    def connect(self, *, autocommit: bool = True) -> Connection:
        """Open a session without a request's time limits, which may be idle for long. Raises psycopg.Error."""
        return psycopg.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=self.name,
            connect_timeout=10,
            application_name="shop-backup",
            options=" ".join(
                [
                    *(f"-c {name}={value}" for name, value in _SESSION.items()),
                    f"-c lock_timeout={settings.BACKUP_LOCK_WAIT_SECONDS}s",
                ]
            ),
            autocommit=autocommit,
            **_KEEP_ALIVE,  # type: ignore[arg-type]  # all of them are numbers
            **self.tls,  # type: ignore[arg-type]  # all of them are texts
        )

    def connect_for_maintenance(self) -> Connection:
        """Open a session in another database of the server, from where this one can be made, renamed and dropped.

        Raises BackupFailedError when there is none that lets us in.
        """
        trouble: psycopg.Error | None = None
        for name in _MAINTENANCE:
            if name == self.name:
                continue
            try:
                return self.at(name).connect()
            except psycopg.Error as error:
                trouble = error
        raise BackupFailedError(f"Cannot connect to {' or '.join(_MAINTENANCE)}: {one_line(trouble)}") from trouble

    @contextlib.contextmanager
    def environment(self) -> Iterator[dict[str, str]]:
        """Yield a program's whole environment; the password file lives as long as the block."""
        if set(self.password) & {"\n", "\r", "\0"}:
            raise BackupRefusedError("The database password has a line break; pg_dump cannot be given such a one.")
        scratch = private_folder()
        try:
            file = scratch / "pgpass"
            file.touch(mode=0o600)
            escaped = self.password.replace("\\", r"\\").replace(":", r"\:")
            file.write_text(f"*:*:*:*:{escaped}\n")
            yield {
                "PATH": "/usr/local/bin:/usr/bin:/bin",
                "HOME": str(Path.home()),
                "LC_ALL": "C",
                "PGHOST": self.host,
                "PGPORT": self.port,
                "PGUSER": self.user,
                "PGDATABASE": self.name,
                "PGPASSFILE": str(file),
                "PGCONNECT_TIMEOUT": "10",
                "PGAPPNAME": "shop-backup",
                **{_TLS[name]: value for name, value in self.tls.items()},
            }
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def shop_database() -> Target:
    """Return the shop's database, by the direct address (commands never go through a pooler)."""
    return target_of(connection.settings_dict)


def target_of(facts: Mapping[str, Any]) -> Target:
    """Return the target that an entry of DATABASES describes."""
    options = facts.get("OPTIONS", {})
    return Target(
        host=str(facts.get("HOST") or ""),
        port=str(facts.get("PORT") or ""),
        user=str(facts.get("USER") or ""),
        password=str(facts.get("PASSWORD") or ""),
        name=str(facts["NAME"]),
        tls={name: str(options[name]) for name in _TLS if options.get(name)},
    )


def private_folder() -> Path:
    """Make a 0700 folder under DATA_DIR; a killed run's is removed by the next one."""
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=PASSWORD_FOLDER, dir=settings.DATA_DIR))


def sweep_private_folders() -> None:
    """Remove what killed runs left. Only while holding the lock: everybody who has such a folder holds it."""
    for folder in settings.DATA_DIR.glob(f"{PASSWORD_FOLDER}*"):
        shutil.rmtree(folder, ignore_errors=True)


def one_line(error: BaseException | None) -> str:
    """Return an error's message on one line. libpq's messages name user and host, never the password."""
    return " ".join(str(error).split())[:500] if error is not None else ""
