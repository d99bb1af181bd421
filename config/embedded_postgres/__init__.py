"""The embedded PostgreSQL server: the default database of `make run` and of the tests.

The programs come out of a wheel; the launcher is ours (ADR: the wheel's own opens folders to the world and trusts
everybody on the machine). Nothing here needs Django. One data folder has one server; see ``start`` and ``running``.
"""

from __future__ import annotations

from pathlib import Path

from config.embedded_postgres.errors import EmbeddedPostgresError, EmbeddedPostgresUnavailableError
from config.embedded_postgres.server import destroy, home, programs, running, start, stop
from config.embedded_postgres.state import State

__all__ = [
    "EmbeddedPostgresError",
    "EmbeddedPostgresUnavailableError",
    "destroy",
    "home",
    "programs",
    "running",
    "start",
    "stop",
    "superuser_url",
    "url_of_running_server",
]


def url_of_running_server(data_dir: Path) -> str | None:
    """Return the DATABASE_URL that a start left in ``data_dir``, or None. Reads one file, asks nobody.

    After a crash the address may be one where nobody answers: the caller then sees "connection refused", as it should.
    """
    return State(data_dir).url()


def superuser_url(data_dir: Path) -> str | None:
    """Return the superuser's address of the cluster in ``data_dir``, for base backups and repairs, or None."""
    credentials = State(data_dir).credentials()
    return credentials.superuser_url() if credentials else None
