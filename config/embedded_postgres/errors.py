"""The ways the embedded server says no. They are for developers, so the messages are English."""

from __future__ import annotations


class EmbeddedPostgresError(RuntimeError):
    """The embedded PostgreSQL could not do what was asked; the message says why and what helps."""


class EmbeddedPostgresUnavailableError(EmbeddedPostgresError):
    """There are no PostgreSQL binaries for this platform: a server of one's own is needed (DATABASE_URL)."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The embedded PostgreSQL is not available here ({reason}). Use a PostgreSQL server of your own, version "
            "15 or newer: set DATABASE_URL=postgres://USER:PASSWORD@HOST:PORT/DATABASE in the environment or in .env.",
        )
