"""What a database holds, as numbers that can be compared: taken in the snapshot that is dumped, and again restored."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from backups.errors import BackupError, BackupInterruptedError
from backups.target import Connection, Target

_POLL_S = 0.2
_OWN_SCHEMA = "n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'"
_TABLES = f"""
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND {_OWN_SCHEMA} ORDER BY 1, 2
"""  # noqa: S608 - a constant
_COUNTS = {
    "indexes": "pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace",
    # Not the NOT NULL ones: whether those are rows of their own depends on the version.
    "constraints": "(SELECT * FROM pg_constraint WHERE contype IN ('p', 'u', 'f', 'c', 'x')) c"
    " JOIN pg_namespace n ON n.oid = c.connamespace",
    "sequences": "(SELECT * FROM pg_class WHERE relkind = 'S') c JOIN pg_namespace n ON n.oid = c.relnamespace",
    "views": "(SELECT * FROM pg_class WHERE relkind IN ('v', 'm')) c JOIN pg_namespace n ON n.oid = c.relnamespace",
    "functions": "pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace",
    "triggers": "(SELECT * FROM pg_trigger WHERE NOT tgisinternal) t JOIN pg_class c ON c.oid = t.tgrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace",
}

# A sum does not depend on the order of rows; that of bigints is kept in 128 bits and never overflows.
_WITH_HASH: LiteralString = "count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)::text"
_OWNERS = f"""
    SELECT DISTINCT pg_get_userbyid(c.relowner) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {_OWN_SCHEMA} ORDER BY 1
"""  # noqa: S608 - a constant
_GRANTEES = f"""
    SELECT DISTINCT pg_get_userbyid(a.grantee)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
    WHERE a.grantee <> 0 AND {_OWN_SCHEMA} ORDER BY 1
"""  # noqa: S608 - a constant


@dataclass(frozen=True)
class Facts:
    """Tables are named ``schema.table``; hashes do not depend on the order of rows and are empty if not asked for."""

    server_version: int
    encoding: str
    rows: Mapping[str, int]
    hashes: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    migrations: tuple[tuple[str, str], ...] = ()
    extensions: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    grantees: tuple[str, ...] = ()

    @property
    def major(self) -> int:
        """Return the server's major version."""
        return self.server_version // 10_000

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Facts:
        """Read what ``as_dict`` gave. Raises ValueError, TypeError, KeyError."""
        return cls(
            server_version=int(data["server_version"]),
            encoding=str(data["encoding"]),
            rows={str(table): int(count) for table, count in data["rows"].items()},
            hashes={str(table): str(value) for table, value in data["hashes"].items()},
            counts={str(kind): int(count) for kind, count in data["counts"].items()},
            migrations=tuple((str(app), str(name)) for app, name in data["migrations"]),
            extensions=tuple(data["extensions"]),
            owners=tuple(data["owners"]),
            grantees=tuple(data["grantees"]),
        )


@contextlib.contextmanager
def exported_snapshot(target: Target) -> Iterator[tuple[Connection, str, datetime]]:
    """Yield a session in one read-only snapshot, the snapshot's name for pg_dump, and a moment not after it.

    The name is valid as long as the block lasts. The moment is by the server's clock.
    """
    with contextlib.closing(target.connect()) as session, session.transaction():
        session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = session.execute("SELECT pg_export_snapshot(), transaction_timestamp()").fetchone()
        assert row is not None
        yield session, row[0], row[1]


def read_facts(session: Connection, *, hashes: bool = True) -> Facts:
    """Count everything in the session's current snapshot; ``hashes`` also reads every row."""
    tables = session.execute(_TABLES).fetchall()
    rows: dict[str, int] = {}
    found: dict[str, str] = {}
    for schema, table in tables:
        query = sql.SQL("SELECT {what} FROM ONLY {schema}.{table} t").format(
            what=sql.SQL(_WITH_HASH if hashes else "count(*)"),
            schema=sql.Identifier(schema),
            table=sql.Identifier(table),
        )
        row = session.execute(query).fetchone()
        assert row is not None
        rows[f"{schema}.{table}"] = row[0]
        if hashes:
            found[f"{schema}.{table}"] = row[1]
    return Facts(
        server_version=session.info.server_version,
        encoding=str(_one(session, "SELECT current_setting('server_encoding')")),
        rows=rows,
        hashes=found,
        counts={
            kind: int(_one(session, f"SELECT count(*) FROM {source} WHERE {_OWN_SCHEMA}"))  # noqa: S608 - constants
            for kind, source in _COUNTS.items()
        },
        migrations=tuple(_migrations(session)) if "public.django_migrations" in rows else (),
        extensions=_names(session, "SELECT extname FROM pg_extension ORDER BY 1"),
        owners=_names(session, _OWNERS),
        grantees=_names(session, _GRANTEES),
    )


class Counting:
    """Has the server count and hash in a session's snapshot while a block does something else: dumps it.

    Nobody else may use the session meanwhile. A block that ends well waits for the facts; one that does not has the
    counting cancelled. Raises whatever ``read_facts`` raises, also in place of a BackupError of the block: that broke
    off because of it (``should_stop``), or stumbled over the same stone. Raises BackupInterruptedError.
    """

    facts: Facts

    def __init__(self, session: Connection, should_stop: Callable[[], bool]) -> None:
        self._session, self._is_asked_to_stop = session, should_stop
        self._thread = threading.Thread(target=self._count, name="counting")
        self._done = threading.Event()
        self._trouble: BaseException | None = None

    def should_stop(self) -> bool:
        """Return whether the block may as well break off."""
        return self._is_asked_to_stop() or self._trouble is not None

    def __enter__(self) -> Counting:
        self._thread.start()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        try:
            while error is None and not self._done.wait(_POLL_S):
                if self._is_asked_to_stop():
                    raise BackupInterruptedError("Interrupted while counting; nothing was kept.")
            trouble = self._trouble
        finally:
            self._end()
        if trouble is not None and (error is None or isinstance(error, BackupError)):
            raise trouble from error

    def _count(self) -> None:
        try:
            self.facts = read_facts(self._session)
        except BaseException as error:  # raised where the block ends
            self._trouble = error
        finally:
            self._done.set()

    def _end(self) -> None:
        """Cancel what still runs, again and again: between two statements there is nothing to cancel."""
        while not self._done.is_set():
            with contextlib.suppress(psycopg.Error):  # the server is gone, and with it the statement
                self._session.cancel_safe(timeout=5)
            self._done.wait(_POLL_S)
        self._thread.join()


def differences(expected: Facts, found: Facts) -> list[str]:
    """Return a sentence for everything that is not as expected; empty when the databases agree.

    Hashes are compared only between servers of one major version: how values are written may change with it.
    """
    said = []
    comparable = expected.major == found.major and bool(expected.hashes) and bool(found.hashes)
    for table in sorted(set(expected.rows) | set(found.rows)):
        before, after = expected.rows.get(table), found.rows.get(table)
        if before != after:
            said.append(f"{table}: {before if before is not None else 'no'} rows in the backup, {after} restored")
        elif comparable and expected.hashes[table] != found.hashes[table]:
            said.append(f"{table}: the rows differ from those that were backed up")
    said.extend(
        f"{count} {kind} in the backup, {found.counts.get(kind)} restored"
        for kind, count in expected.counts.items()
        if found.counts.get(kind) != count
    )
    if set(expected.migrations) != set(found.migrations):
        said.append("the recorded migrations differ")
    if missing := set(expected.extensions) - set(found.extensions):
        said.append(f"extensions are missing: {', '.join(sorted(missing))}")
    return said


def _migrations(session: Connection) -> Iterator[tuple[str, str]]:
    yield from session.execute("SELECT app, name FROM public.django_migrations ORDER BY app, name").fetchall()


def _names(session: Connection, query: str) -> tuple[str, ...]:
    return tuple(row[0] for row in session.execute(query).fetchall())


def _one(session: Connection, query: str) -> Any:
    row = session.execute(query).fetchone()
    assert row is not None
    return row[0]
