"""Databases as such: making, dropping, renaming one, and what belongs to it but is in no dump.

Every function that changes one takes a session in *another* database of the server. Names are quoted by psycopg.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import threading
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from backups.errors import BackupFailedError, BackupRefusedError
from backups.target import Connection, Target, one_line

logger = logging.getLogger(__name__)

DRILL, RESTORE, OLD = "__drill_", "__restore_", "__old_"
_STAMP = "%Y%m%dT%H%M%S%fZ"
_NAME_BYTES = 63
_END_SESSIONS: LiteralString = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datid = %s AND backend_type = 'client backend'"
)
_END_OWN_SESSIONS: LiteralString = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = %s AND backend_type = 'client backend' AND pg_has_role(usesysid, 'USAGE')"
)
_PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}


def run(session: Connection, statement: LiteralString, **parts: sql.Composable) -> None:
    """Run one statement with quoted parts."""
    session.execute(sql.SQL(statement).format(**parts))


def name_beside(name: str, kind: str) -> str:
    """Return a new name for a database beside ``name``: its beginning, the kind, the time (UTC)."""
    stamp = datetime.now(UTC).strftime(_STAMP)
    return f"{_beginning(name)}{kind}{stamp}"


def moment_of(name: str, kind: str) -> datetime:
    """Return when ``name_beside`` made a name of this kind. Raises ValueError for another name."""
    return datetime.strptime(name.rpartition(kind)[2], _STAMP).replace(tzinfo=UTC)


def beside(session: Connection, name: str, kind: str) -> list[str]:
    """Return the databases of a kind beside ``name``, newest first."""
    found = session.execute("SELECT datname FROM pg_database").fetchall()
    return of_kind([other for (other,) in found], name, kind)


def of_kind(names: Iterable[str], name: str, kind: str) -> list[str]:
    """Return those of ``names`` that are of a kind beside ``name``, newest first."""
    start, found = f"{_beginning(name)}{kind}", []
    for other in names:
        if other.startswith(start):
            with contextlib.suppress(ValueError):
                moment_of(other, kind)
                found.append(other)
    return sorted(found, reverse=True)


def exists(session: Connection, name: str) -> bool:
    """Return whether the server has the database."""
    return session.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def settings_of(session: Connection, name: str) -> dict[str, Any]:
    """Return what belongs to a database as such: locale, owner, connection limit, grants, ALTER DATABASE SET values.

    Any session of the server will do. Plain JSON values; raises BackupFailedError when there is no such database.
    """
    row = session.execute(
        "SELECT to_jsonb(d), pg_get_userbyid(d.datdba), pg_encoding_to_char(d.encoding), d.datacl IS NOT NULL"
        " FROM pg_database d WHERE d.datname = %s",
        [name],
    ).fetchone()
    if row is None:
        raise BackupFailedError(f"There is no database {name!r}.")
    facts, owner, encoding, has_grants = row
    grants = session.execute(
        "SELECT CASE WHEN a.grantee = 0 THEN '' ELSE pg_get_userbyid(a.grantee) END, a.privilege_type, a.is_grantable"
        " FROM pg_database d, aclexplode(d.datacl) a WHERE d.datname = %s",
        [name],
    ).fetchall()
    values = session.execute(
        "SELECT coalesce(pg_get_userbyid(nullif(s.setrole, 0)), ''), unnest(s.setconfig)"
        " FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = %s",
        [name],
    ).fetchall()
    return {
        "owner": owner,
        "encoding": encoding,
        "provider": _PROVIDERS.get(facts["datlocprovider"], "libc"),
        "collate": facts["datcollate"],
        "ctype": facts["datctype"],
        "locale": facts.get("datlocale") or facts.get("daticulocale") or "",
        "connection_limit": facts["datconnlimit"],
        "grants": sorted(list(grant) for grant in grants) if has_grants else None,
        "values": sorted(list(value) for value in values),
    }


def create(session: Connection, name: str, *, like: Mapping[str, Any]) -> None:
    """Make an empty database with the encoding and locale of ``like``, or with the server's own if it lacks that one.

    Raises BackupRefusedError when the role may not make databases.
    """
    parts: dict[str, sql.Composable] = {
        "name": sql.Identifier(name),
        "encoding": sql.Literal(like["encoding"]),
        "collate": sql.Literal(like["collate"]),
        "ctype": sql.Literal(like["ctype"]),
        "locale": sql.Literal(like["locale"]),
    }
    statement: LiteralString = "CREATE DATABASE {name} TEMPLATE template0 ENCODING {encoding}"
    if like["provider"] == "libc":
        wanted: LiteralString = statement + " LOCALE_PROVIDER libc LC_COLLATE {collate} LC_CTYPE {ctype}"
    elif like["provider"] == "icu":
        wanted = statement + " LOCALE_PROVIDER icu ICU_LOCALE {locale} LC_COLLATE {collate} LC_CTYPE {ctype}"
    else:
        wanted = statement + " LOCALE_PROVIDER builtin BUILTIN_LOCALE {locale} LC_COLLATE {collate} LC_CTYPE {ctype}"
    try:
        run(session, wanted, **parts)
    except psycopg.errors.InsufficientPrivilege as error:
        raise BackupRefusedError(
            f"The role {session.info.user!r} may not make databases: ALTER ROLE ... CREATEDB, as a superuser."
        ) from error
    except (psycopg.errors.WrongObjectType, psycopg.errors.InvalidParameterValue, psycopg.errors.SyntaxError) as error:
        logger.warning("backup.locale_missing", extra={"database": name, "error": one_line(error)})
        run(session, statement, **parts)


def drop(session: Connection, name: str) -> None:
    """Drop a database of ours that nobody else needs, whoever is connected.

    FORCE ends sessions, and is refused to an ordinary role while autovacuum works in there, as it likes to after a
    restore. A plain DROP asks that worker to go and waits for it (5 s), but ends no session: so those go first.
    """
    try:
        run(session, "DROP DATABASE IF EXISTS {name} WITH (FORCE)", name=sql.Identifier(name))
    except psycopg.errors.InsufficientPrivilege:
        logger.info("backup.worker_in_the_way", extra={"database": name})
        session.execute(_END_OWN_SESSIONS, [name])
        run(session, "DROP DATABASE IF EXISTS {name}", name=sql.Identifier(name))


def clear_away(target: Target, name: str) -> None:
    """Drop a database of ours that is no longer needed, by a session of its own: others may have died meanwhile.

    Raises nothing: what has been done, or went wrong, is not changed by it. The next run finds what is left.
    """
    try:
        with contextlib.closing(target.connect_for_maintenance()) as session:
            drop(session, name)
    except (psycopg.Error, BackupFailedError) as error:
        logger.warning("backup.left_behind", extra={"database": name, "error": one_line(error)})


def drop_leftovers(session: Connection, name: str, kind: str) -> None:
    """Drop what killed runs left of a kind. Only while holding the lock."""
    for leftover in beside(session, name, kind):
        logger.warning("backup.leftover_dropped", extra={"database": leftover})
        drop(session, leftover)


def apply_settings(session: Connection, name: str, wanted: Mapping[str, Any]) -> list[str]:
    """Give a database the connection limit, grants and values of another; return what could not be given.

    What is refused is typically a role that this server does not have, or a value that only a superuser may set.
    """
    refused: list[str] = []
    database = sql.Identifier(name)

    def attempt(what: str, statement: LiteralString, value: tuple[str, str] | None = None, **parts: Any) -> None:
        try:
            with session.transaction():
                if value is not None:
                    # FROM CURRENT below takes the value as it is: lists need no quoting of their own.
                    session.execute("SELECT set_config(%s, %s, true)", value)
                run(session, statement, database=database, **parts)
        except psycopg.Error as error:
            refused.append(f"{what}: {one_line(error)}")

    if wanted["owner"] != session.info.user:
        attempt("owner", "ALTER DATABASE {database} OWNER TO {owner}", owner=sql.Identifier(wanted["owner"]))
    if wanted["connection_limit"] != -1:
        limit = sql.Literal(wanted["connection_limit"])
        attempt("connection limit", "ALTER DATABASE {database} CONNECTION LIMIT {limit}", limit=limit)
    if wanted["grants"] is not None:
        attempt("grants", "REVOKE ALL ON DATABASE {database} FROM PUBLIC")
        for grantee, privilege, grantable in wanted["grants"]:
            statement: LiteralString = "GRANT {privilege} ON DATABASE {database} TO {grantee}"
            attempt(
                f"{privilege} for {grantee or 'PUBLIC'}",
                statement + (" WITH GRANT OPTION" if grantable else ""),
                privilege=sql.SQL(_privilege(privilege)),
                grantee=sql.Identifier(grantee) if grantee else sql.SQL("PUBLIC"),
            )
    for role, setting in wanted["values"]:
        key, _, value = setting.partition("=")
        if role:
            attempt(
                f"{key} of {role}",
                "ALTER ROLE {role} IN DATABASE {database} SET {key} FROM CURRENT",
                (key, value),
                role=sql.Identifier(role),
                key=sql.Identifier(*key.split(".")),
            )
        else:
            statement = "ALTER DATABASE {database} SET {key} FROM CURRENT"
            attempt(key, statement, (key, value), key=sql.Identifier(*key.split(".")))
    return refused


def allow_connections(session: Connection, name: str, *, allowed: bool) -> None:
    """Open a database to new sessions, or close it to everybody."""
    run(
        session,
        "ALTER DATABASE {name} WITH ALLOW_CONNECTIONS {allowed}",
        name=sql.Identifier(name),
        allowed=sql.Literal(allowed),
    )


def swap(target: Target, *, new: str, old: str) -> bool:
    """Give the database ``new`` the target's name; one that had it becomes ``old`` and lets nobody in.

    One transaction: killed at any point, the server has either the one or the other, and the live name always lets
    people in. Sessions in the way are ended; new ones wait for a moment and find the new database. Returns whether
    there was an old one. Raises BackupFailedError naming the sessions that could not be ended.
    """
    with contextlib.closing(target.connect_for_maintenance()) as session, _nobody_in(target):
        try:
            session.execute(_END_SESSIONS, [_oid(session, new)])
            with session.transaction():
                had_one = exists(session, target.name)
                if had_one:
                    allow_connections(session, target.name, allowed=False)
                    _rename(session, target.name, old)
                allow_connections(session, new, allowed=True)
                _rename(session, new, target.name)
        except psycopg.Error as error:
            raise BackupFailedError(
                f"The databases could not be swapped: {one_line(error)} {_sessions(session, target.name)}"
                " Nothing was changed."
            ) from error
    return had_one


@contextlib.contextmanager
def _nobody_in(target: Target) -> Iterator[None]:
    """Keep ending the sessions of the database that has the target's name now, while the block runs.

    A rename locks new sessions out and waits five seconds for the others to go: they must be ended *after* that. It
    goes by the database's number: by its name, those who come to the new one would be sent away as well.
    """
    done = threading.Event()
    session = target.connect_for_maintenance()
    number = _oid(session, target.name)

    def end_them() -> None:
        with contextlib.closing(session):
            while number and not done.is_set():
                with contextlib.suppress(psycopg.errors.InsufficientPrivilege):  # a superuser's; the rename will tell
                    session.execute(_END_SESSIONS, [number])
                done.wait(0.05)

    thread = threading.Thread(target=end_them, name="end-sessions", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=20)


def _oid(session: Connection, name: str) -> int:
    """Return a database's number, 0 when there is none."""
    row = session.execute("SELECT oid FROM pg_database WHERE datname = %s", [name]).fetchone()
    return int(row[0]) if row else 0


def _sessions(session: Connection, name: str) -> str:
    """Say who is connected."""
    found = session.execute(
        "SELECT pid, usename, application_name FROM pg_stat_activity WHERE datname = %s ORDER BY pid LIMIT 5", [name]
    ).fetchall()
    said = ", ".join(f"process {pid} ({user}, {program or 'no name'})" for pid, user, program in found)
    return f"Connected: {said}. End these (a superuser's only a superuser can end), then try again." if said else ""


def _rename(session: Connection, name: str, to: str) -> None:
    run(session, "ALTER DATABASE {name} RENAME TO {to}", name=sql.Identifier(name), to=sql.Identifier(to))


def _privilege(name: str) -> LiteralString:
    """Return the keyword; anything else is no privilege of a database."""
    known: dict[str, LiteralString] = {"CREATE": "CREATE", "CONNECT": "CONNECT", "TEMPORARY": "TEMPORARY"}
    return known[name]


def _beginning(name: str) -> str:
    """Return the name, or when there is no room for more beside it its beginning and a hash of the whole."""
    room = _NAME_BYTES - len(RESTORE) - len(datetime.now(UTC).strftime(_STAMP))
    encoded = name.encode()
    if len(encoded) <= room:
        return name
    return encoded[: room - 9].decode(errors="ignore") + "_" + hashlib.sha256(encoded).hexdigest()[:8]
