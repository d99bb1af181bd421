"""Django on a database that is not the shop's yet: an alias of its own, migrations, the hooks before a swap."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.migrations.loader import MigrationLoader
from django.utils.module_loading import import_string

from backups.errors import BackupFailedError
from backups.target import Target, one_line

ALIAS = "beside"

Migration = tuple[str, str]


@contextlib.contextmanager
def as_alias(target: Target) -> Iterator[str]:
    """Yield the name under which Django finds ``target`` while the block lasts; its connection is closed afterwards."""
    facts = copy.deepcopy(connections.settings[DEFAULT_DB_ALIAS])
    facts |= {"HOST": target.host, "PORT": target.port, "USER": target.user, "PASSWORD": target.password}
    facts |= {"NAME": target.name, "CONN_MAX_AGE": 0, "ATOMIC_REQUESTS": False}
    facts["OPTIONS"] = {key: value for key, value in facts.get("OPTIONS", {}).items() if key != "pool"}
    # A migration of a large table takes longer than a request may.
    facts["OPTIONS"]["options"] = "-c statement_timeout=0 -c idle_in_transaction_session_timeout=0"
    connections.settings[ALIAS] = facts
    try:
        yield ALIAS
    finally:
        connections[ALIAS].close()
        del connections[ALIAS]
        del connections.settings[ALIAS]


def unknown_to_this_code(
    applied: Iterable[Migration], *, live: Collection[Migration] = ()
) -> tuple[list[Migration], list[Migration]]:
    """Return the applied migrations that this code does not have: a newer version's, and those of apps it lost.

    An app that is gone leaves its rows behind, and so do migrations that were squashed long ago: what the ``live``
    database, on which this code works, has as well is no newer version's.
    """
    loader = MigrationLoader(None)
    known = set(loader.disk_migrations) | set(live)
    for migration in loader.disk_migrations.values():
        known.update(migration.replaces)
    unknown = sorted(set(applied) - known)
    newer = [one for one in unknown if one[0] in loader.migrated_apps]
    return newer, [one for one in unknown if one[0] not in loader.migrated_apps]


def applied_to(target: Target) -> set[Migration]:
    """Return the migrations that a database has recorded; none when it is not there or lets nobody ask."""
    try:
        with contextlib.closing(target.connect()) as session:
            return {(app, name) for app, name in session.execute("SELECT app, name FROM django_migrations")}
    except psycopg.Error:
        return set()


def pending(applied: Iterable[Migration]) -> list[Migration]:
    """Return the migrations that this code has and ``applied`` lacks."""
    return sorted(set(MigrationLoader(None).graph.nodes) - set(applied))


def run_hooks(alias: str, *, since: datetime, say: Callable[[str], None]) -> list[str]:
    """Apply what is pending on ``alias``, then call every hook of BACKUP_BEFORE_SWAP; return their sentences.

    A hook is called as ``hook(using=alias, since=since)``: ``since`` is the moment after which the database knows
    nothing. Raises BackupFailedError; nothing is swapped then.
    """
    try:
        loader = MigrationLoader(connections[alias])
        if missing := set(loader.graph.nodes) - set(loader.applied_migrations):
            say(f"Applying {len(missing)} migrations ...")
            call_command("migrate", database=alias, interactive=False, verbosity=0, skip_checks=True)
        said = [import_string(path)(using=alias, since=since) for path in settings.BACKUP_BEFORE_SWAP]
    except (Error, CommandError, OSError) as error:
        raise BackupFailedError(f"The restored database could not be made ready: {one_line(error)}") from error
    return [sentence for sentence in said if sentence]
