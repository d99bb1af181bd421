"""Bringing a backup back, or the database that the last restore replaced: beside the live one, then swapped.

Until the swap the live database is only read; the swap is one transaction. So whatever goes wrong, and however this is
killed, there is one whole live database afterwards. (A restore that is killed leaves a database ``...__restore_...``;
the next one drops it.)
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg

from backups import database, programs
from backups.encryption import Identities
from backups.errors import (
    BackupCorruptError,
    BackupFailedError,
    BackupInterruptedError,
    BackupRefusedError,
    BackupUsageError,
)
from backups.facts import read_facts
from backups.making import back_up
from backups.manifest import CHECKSUM, FULL_READ, SAFETY, Manifest
from backups.migrating import applied_to, as_alias, pending, run_hooks, unknown_to_this_code
from backups.processes import ShouldStop, never
from backups.restoring import compare, gathering_statistics, load
from backups.room import require_room
from backups.storage import Store
from backups.target import Connection, Target
from backups.verify import found_bad, verify

logger = logging.getLogger(__name__)

# Journals of payments are written by the web servers' clocks, the snapshot's time is the database's.
CLOCKS_DIFFER_BY = timedelta(minutes=5)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Live:
    """What is there now. ``rows`` is None when the database is missing or does not let us count."""

    exists: bool
    rows: dict[str, int] | None


@dataclass
class Outcome:
    """What a swap did. The database knows nothing after ``since``; ``said`` is for the operator."""

    restored: str
    kept_as: str | None
    since: datetime
    safety: Manifest | None = None
    said: list[str] = field(default_factory=list)


def look(target: Target) -> Live:
    """Count what would be replaced, if it can be. Raises BackupFailedError when the server is away."""
    with contextlib.closing(target.connect_for_maintenance()) as session:
        if not database.exists(session, target.name):
            return Live(exists=False, rows=None)
    try:
        with contextlib.closing(target.connect()) as session:
            return Live(exists=True, rows=dict(read_facts(session, hashes=False).rows))
    except psycopg.Error as error:
        logger.warning("restore.live_database_unreadable", extra={"error": type(error).__name__})
        return Live(exists=True, rows=None)


def refuse_unfit(manifest: Manifest, target: Target, *, migrate: bool) -> list[str]:
    """Refuse what can be known to fail, before anything is touched; return sentences about what is allowed but unusual.

    Raises BackupRefusedError: made by a newer PostgreSQL or by newer code, older and migrations unwanted, no right to
    make databases or to rename the live one. Raises BackupFailedError when no pg_restore fits.
    """
    with contextlib.closing(target.connect_for_maintenance()) as session:
        major = session.info.server_version // 10_000
        _require_rights(session, target)
    if manifest.facts.major > major:
        raise BackupRefusedError(
            f"{manifest.name} is from PostgreSQL {manifest.facts.major}, this server is {major}: upgrade it first."
        )
    programs.find("pg_restore", server=major, archive=manifest.pg_dump_major)
    future, forgotten = unknown_to_this_code(manifest.facts.migrations, live=applied_to(target))
    if future:
        names = ", ".join(f"{app}.{name}" for app, name in future[:5])
        raise BackupRefusedError(
            f"{manifest.name} was made by newer code; this one does not know {names}. Install that version first."
        )
    missing = pending(manifest.facts.migrations)
    if not migrate and missing:
        names = ", ".join(f"{app}.{name}" for app, name in missing[:5])
        raise BackupRefusedError(f"{manifest.name} lacks migrations ({names}); without --no-migrate they are applied.")
    words = []
    if manifest.facts.major < major:
        words.append(
            f"It was made by PostgreSQL {manifest.facts.major}; this server is {major}: rows are counted again, but "
            "their contents cannot be compared by hash."
        )
    if forgotten:
        apps = ", ".join(sorted({app for app, _ in forgotten}))
        words.append(
            f"It has migrations of apps that this code does not have ({apps}): what they made comes back, unused. If "
            "newer code made it, install that version first."
        )
    if missing:
        words.append(f"It is older than this code: {len(missing)} migrations will be applied to it.")
    return words


def restore(
    manifest: Manifest,
    store: Store,
    target: Target,
    *,
    own: Store,
    live: Live,
    safety: bool = True,
    identities: Identities = (),
    should_stop: ShouldStop = never,
    say: Say = lambda _text: None,
) -> Outcome:
    """Replace the target database by a backup; the old one stays beside it under a new name.

    Verifies the backup, backs the live database up into ``own`` (unless told not to, or there is none), restores into
    a new database, compares, migrates, runs the hooks of BACKUP_BEFORE_SWAP, swaps. The caller holds the lock of
    ``own`` and has asked ``refuse_unfit``. Raises BackupError; the live database is then as it was.
    """
    own.sweep()
    say("Checking the backup ...")
    # Bytes that were read to their end before need only be the same ones. Of an encrypted backup that was in passing.
    level = CHECKSUM if manifest.is_verified and not manifest.is_encrypted else FULL_READ
    verify(store, manifest, level=level, identities=identities, should_stop=should_stop)
    saved = None
    if safety and live.exists:
        say("Backing up what is there now ...")
        try:
            saved = back_up(target, own, kind=SAFETY, should_stop=should_stop)
        except BackupFailedError as error:
            raise BackupFailedError(
                f"The database that is there now cannot be backed up ({error}). If it is beyond saving: "
                "--no-safety-backup. It is kept beside the restored one in any case."
            ) from error
    new, swapped = database.name_beside(target.name, database.RESTORE), False
    try:
        with contextlib.closing(target.connect_for_maintenance()) as session:
            database.drop_leftovers(session, target.name, database.RESTORE)
            belongings = database.settings_of(session, target.name) if live.exists else manifest.settings
            require_room(session, manifest, target.name, workplace=own)
            say(f"Restoring into the new database {new} ...")
            database.create(session, new, like=belongings)
        beside = target.at(new)
        left_out = load(store, manifest, beside, workplace=own, identities=identities, should_stop=should_stop)
        say("Comparing it with the backup ...")
        try:
            with gathering_statistics(beside):
                compare(manifest, beside)
        except BackupCorruptError as error:
            found_bad(store, manifest, error)
            raise
        since = (manifest.taken_at - CLOCKS_DIFFER_BY).replace(microsecond=0)
        said = _finish(beside, since=since, say=say)
        with contextlib.closing(target.connect_for_maintenance()) as session:
            left_out += database.apply_settings(session, new, belongings)
        if should_stop():
            raise BackupInterruptedError("Interrupted before the swap; the live database was not touched.")
        say("Swapping ...")
        old = database.name_beside(target.name, database.OLD)
        kept = database.swap(target, new=new, old=old)
        swapped = True
    finally:
        if not swapped:
            database.clear_away(target, new)
    outcome = Outcome(manifest.name, old if kept else None, since, saved)
    outcome.said = [*said, *(f"Not restored: {what}" for what in left_out)]
    _log(outcome)
    return outcome


def replaced(target: Target) -> list[str]:
    """Return the databases that swaps have replaced, newest first."""
    with contextlib.closing(target.connect_for_maintenance()) as session:
        return database.beside(session, target.name, database.OLD)


def drop_replaced(target: Target, names: Sequence[str]) -> None:
    """Drop databases that swaps have replaced: no undo brings them back. The caller holds the lock and has asked."""
    with contextlib.closing(target.connect_for_maintenance()) as session:
        for name in names:
            moment_replaced(name)  # a name of any other kind ends here
            database.drop(session, name)
            logger.warning("restore.old_database_dropped", extra={"database": name})


def moment_replaced(old: str) -> datetime:
    """Return when a swap replaced it."""
    return database.moment_of(old, database.OLD)


def newest_replaced(target: Target) -> str:
    """Return the database that the last swap replaced. Raises BackupUsageError when there is none."""
    found = replaced(target)
    if not found:
        raise BackupUsageError("No restore can be undone: there is no database that one has replaced.")
    return found[0]


def undo(target: Target, old: str, *, say: Say = lambda _text: None) -> Outcome:
    """Bring back the database that a restore replaced; what is live now is kept the same way.

    The caller holds the lock. It runs the hooks as every swap does: what was sold since the restore is not known to
    it. Raises BackupError; the live database is then as it was.
    """
    since = (moment_replaced(old) - CLOCKS_DIFFER_BY).replace(microsecond=0)
    aside, swapped = database.name_beside(target.name, database.OLD), False
    with contextlib.closing(target.connect_for_maintenance()) as session:
        _require_rights(session, target)
        database.allow_connections(session, old, allowed=True)
    try:
        said = _finish(target.at(old), since=since, say=say)
        say("Swapping ...")
        kept = database.swap(target, new=old, old=aside)
        swapped = True
    finally:
        if not swapped:
            with (
                contextlib.suppress(psycopg.Error, BackupFailedError),  # what went wrong is to be told, not this
                contextlib.closing(target.connect_for_maintenance()) as session,
            ):
                database.allow_connections(session, old, allowed=False)
    outcome = Outcome(old, aside if kept else None, since, said=said)
    _log(outcome)
    return outcome


def _finish(beside: Target, *, since: datetime, say: Say) -> list[str]:
    """Migrate a database that is not live yet and run the hooks on it; return what they say."""
    with as_alias(beside) as alias:
        return run_hooks(alias, since=since, say=say)


def _require_rights(session: Connection, target: Target) -> None:
    row = session.execute(
        "SELECT rolsuper, rolcreatedb, (SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = %s)"
        " FROM pg_roles WHERE rolname = current_user",
        [target.name],
    ).fetchone()
    assert row is not None
    superuser, may_create, owns = row
    if not superuser and not may_create:
        raise BackupRefusedError(f"The role {target.user!r} may not make databases: ALTER ROLE ... CREATEDB.")
    if owns is False:
        raise BackupRefusedError(f"The role {target.user!r} does not own the database {target.name!r}.")


def _log(outcome: Outcome) -> None:
    logger.warning(
        "restore.swapped",
        extra={
            "restored": outcome.restored,
            "kept_as": outcome.kept_as,
            "since": outcome.since.isoformat(),
            "at": datetime.now(UTC).isoformat(),
        },
    )
