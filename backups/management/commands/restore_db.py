"""Bringing a backup back, with a person's consent."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management import get_commands
from django.core.management.base import CommandError
from django.db import connections
from django.utils import timezone

from backups import choosing, encryption, storage
from backups import restore as restoring
from backups.choosing import Choice
from backups.commands import BackupCommand, age, confirmed, facts_of, packed, size, span, state
from backups.dump import require_identity
from backups.errors import BackupCorruptError, BackupRefusedError, BackupUsageError
from backups.lock import held
from backups.manifest import Manifest
from backups.mirror import mirror
from backups.offsite import Bucket
from backups.restore import Live, Outcome
from backups.storage import Store
from backups.target import Target, shop_database
from config.commands import FINDINGS
from config.env import BASE_DIR

_SHOWN = 12


class Command(BackupCommand):
    """Shows what would be lost, asks for YES, restores beside the live database, compares, swaps."""

    help = (
        "Replace the database by a backup. It is restored into a new database and swapped in when everything is as it "
        "was backed up; the old one is kept for --undo. Works when the live database is missing or broken."
    )
    examples = """\
examples:
  manage.py restore_db --list
  manage.py restore_db --latest                      the newest backup that was found good
  manage.py restore_db shop-20261128T020000Z-1a2b3c --dry-run
  manage.py restore_db --latest --identity /media/usb/shop.key  an encrypted one
  manage.py restore_db --from-offsite shop-20261128T020000Z-1a2b3c   fetch it from the bucket first
  manage.py restore_db --from-offsite                the newest one there that was found good
  manage.py restore_db --undo                        bring back what the last restore replaced
  manage.py restore_db --drop-old                    drop the databases that restores have replaced
  manage.py restore_db --latest --noinput --confirm-db shop     in a script

exit code 3: restored, but check_invariants found a law that does not hold
exit code 5 also when --latest would take an older one than the newest, and nobody is there to be asked
"""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        super().add_arguments(parser)
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("file", nargs="?", help="a backup's name, or the path of its dump")
        what.add_argument("--latest", action="store_true", help="the newest backup that was found good")
        what.add_argument(
            "--from-offsite", nargs="?", const="", metavar="NAME", help="a backup in BACKUP_S3_BUCKET (or the newest)"
        )
        what.add_argument("--drop-old", action="store_true", help="drop what restores have replaced: ends every --undo")
        what.add_argument("--list", action="store_true", help="list the backups, and the databases kept for --undo")
        what.add_argument("--undo", action="store_true", help="swap back the database that the last restore replaced")
        parser.add_argument("--identity", type=Path, metavar="FILE", help="the private key of an encrypted backup")
        parser.add_argument("--no-migrate", action="store_true", help="refuse a backup that lacks migrations")
        parser.add_argument("--no-safety-backup", action="store_true", help="do not back up what is there now")
        parser.add_argument("--noinput", action="store_true", help="ask nothing; needs --confirm-db")
        parser.add_argument(
            "--accept-older", action="store_true", help="with --noinput: newer ones that are no good may be passed over"
        )
        parser.add_argument("--confirm-db", metavar="NAME", help="the name of the database to replace")

    def act(self, *, stopping: threading.Event, **options: Any) -> Mapping[str, Any]:
        target, own = shop_database(), storage.shop_store()
        if options["confirm_db"] not in {None, target.name}:
            raise BackupUsageError(f"--confirm-db says {options['confirm_db']!r}; the database is {target.name!r}.")
        if options["list"]:
            return self._list(own, target)
        own.prepare()
        self._talks = options["format"] == "text"
        self._passed_over: list[str] = []
        with held(own.folder, target):
            if options["drop_old"]:
                return self._drop_old(target, options)
            undo = options["undo"]
            outcome = self._undo(target, options) if undo else self._restore(target, own, options, stopping)
            if outcome is None:
                return {"database": target.name, "passed_over": self._passed_over}
            connections.close_all()  # Django's own connection went to the database that is called otherwise now
            mirror(own, target.name)
        facts = {
            "database": target.name,
            "restored": outcome.restored,
            "kept_as": outcome.kept_as,
            "since": outcome.since.isoformat(),
            "safety_backup": outcome.safety.name if outcome.safety else None,
            "said": outcome.said,
            "passed_over": self._passed_over,
            "laws_hold": self._laws_hold(),
        }
        if outcome.kept_as:
            self._say(f"The old database is kept as {outcome.kept_as}; manage.py restore_db --undo brings it back.")
        for sentence in outcome.said:
            self._say(self.style.WARNING(sentence))
        if facts["laws_hold"] is False:
            raise CommandError(
                f"Restored {outcome.restored}, but manage.py check_invariants does not pass.", returncode=FINDINGS
            )
        return facts

    def summary(self, facts: Mapping[str, Any]) -> str:
        """Return what is live now."""
        if "folder" in facts:
            return f"{len(facts['backups'])} backups in {facts['folder']}, {len(facts['kept'])} databases kept"
        if "dropped" in facts:
            return f"{len(facts['dropped'])} old databases dropped"
        if "restored" not in facts:
            return f"Would replace {facts['database']}"
        return f"{facts['database']} is now {facts['restored']}"

    # --- the three things it does ---

    def _list(self, own: Store, target: Target) -> Mapping[str, Any]:
        own.require_readable()
        found = own.manifests(target.name)
        for one in found:
            self.stdout.write(
                f"{one.name}  {age(one.taken_at)} old  {size(one.file.size)}  {one.rows} rows  {state(one)}"
            )
        kept = restoring.replaced(target)
        for name in kept:
            self.stdout.write(f"{name}  kept by a restore")
        return {"folder": str(own.folder), "backups": [facts_of(one) for one in found], "kept": kept}

    def _restore(
        self, target: Target, own: Store, options: Mapping[str, Any], stopping: threading.Event
    ) -> Outcome | None:
        identities = encryption.read_identities(options["identity"]) if options["identity"] else ()
        store, choice, words = self._chosen(target, own, options, stopping)
        manifest = choice.manifest
        try:
            require_identity(manifest.name, manifest.file, identities)
        except BackupUsageError as error:
            left = choosing.without_a_key(choosing.in_folder(own), target.name)
            raise BackupUsageError(f"{error} {left}".rstrip()) from error
        words += restoring.refuse_unfit(manifest, target, migrate=not options["no_migrate"])
        live = restoring.look(target)
        self._show(manifest, store, target, live)
        for sentence in words:
            self._warn(sentence)
        self._tell_what_is_lost(choice)
        if options["dry_run"]:
            return None
        if options["noinput"] and not options["accept_older"]:
            choice.refuse_a_loss()
        self._consent(target, options)
        try:
            return restoring.restore(
                manifest,
                store,
                target,
                own=own,
                live=live,
                safety=not options["no_safety_backup"],
                identities=identities,
                should_stop=stopping.is_set,
                say=self._say,
            )
        except BackupCorruptError as error:
            left = choosing.what_is_left(own, target.name)
            raise BackupCorruptError(f"{error} Nothing was changed. {left}") from error

    def _chosen(
        self, target: Target, own: Store, options: Mapping[str, Any], stopping: threading.Event
    ) -> tuple[Store, Choice, list[str]]:
        """Return the backup that was asked for with what was passed over for it, and what else there is to be told.

        One that is in the bucket only is brought here first.
        """
        if options["from_offsite"] is not None:
            return own, self._fetched(target, own, options, stopping), []
        if options["latest"]:
            shelf, words = choosing.with_the_bucket(choosing.in_folder(own), target.name)
            return own, choosing.newest_good(shelf, target.name), words
        store, manifest = storage.find(options["file"])
        return store, Choice(manifest), []

    def _fetched(self, target: Target, own: Store, options: Mapping[str, Any], stopping: threading.Event) -> Choice:
        bucket, name = Bucket(), options["from_offsite"]
        shelf = choosing.in_bucket(bucket)
        if name:
            named = next((one for one in shelf.backups if one.name == storage.bare_name(name)), None)
            if named is None:
                raise BackupUsageError(
                    f"The bucket {bucket.name} has no such backup; `manage.py list_backups --from-offsite` lists them."
                )
            choice = Choice(named)
        else:
            choice = choosing.newest_good(shelf, target.name)
        wanted = choice.manifest
        here = next((one for one in own.manifests() if one.name == wanted.name and own.is_there(one)), None)
        if here is None and not options["dry_run"]:
            self._say(f"Fetching {wanted.name} ({size(wanted.file.size)}) from the bucket {bucket.name} ...")
            here = bucket.fetch(wanted, own, should_stop=stopping.is_set)
        return replace(choice, manifest=here or wanted)

    def _drop_old(self, target: Target, options: Mapping[str, Any]) -> Mapping[str, Any]:
        found = restoring.replaced(target)
        for name in found:
            since = restoring.moment_replaced(name)
            self._say(f"{name}  was live until {timezone.localtime(since):%Y-%m-%d %H:%M} WIB ({age(since)} ago)")
        if not found or options["dry_run"]:
            return {"database": target.name, "dropped": [], "found": found}
        self._consent(target, options, f"Drop {len(found)} databases for good? No --undo brings them back. Type YES: ")
        restoring.drop_replaced(target, found)
        return {"database": target.name, "dropped": found}

    def _undo(self, target: Target, options: Mapping[str, Any]) -> Outcome | None:
        old = restoring.newest_replaced(target)
        since = restoring.moment_replaced(old)
        self._say(f"{old} was live until {timezone.localtime(since):%Y-%m-%d %H:%M} WIB ({age(since)} ago).")
        self._say(f"It becomes {target.name} again; what happened since then is kept beside it.")
        if options["dry_run"]:
            return None
        self._consent(target, options)
        return restoring.undo(target, old, say=self._say)

    # --- what people see ---

    def _show(self, manifest: Manifest, store: Store, target: Target, live: Live) -> None:
        """Print the plan: the backup, and the rows of the tables that differ."""
        self._say(f"Backup    {store.path_of(manifest)}")
        self._say(
            f"taken     {timezone.localtime(manifest.taken_at):%Y-%m-%d %H:%M:%S} WIB, {age(manifest.taken_at)} ago"
        )
        if manifest.database != target.name:
            self._say(self.style.WARNING(f"of        another database: {manifest.database}"))
        self._say(f"holds     {manifest.rows} rows, {size(manifest.file.size)}, {packed(manifest)}, {state(manifest)}")
        where = f"{target.host or 'local socket'}:{target.port or 5432}"
        if not live.exists:
            self._say(f"replaces  nothing: {where} has no database {target.name}")
            return
        if live.rows is None:
            self._say(f"replaces  {target.name} on {where}, whose rows cannot be counted")
            return
        self._say(f"replaces  {target.name} on {where}, {sum(live.rows.values())} rows")
        tables = sorted(set(live.rows) | set(manifest.facts.rows))
        changed = [
            (table, live.rows.get(table, 0), manifest.facts.rows.get(table, 0))
            for table in tables
            if live.rows.get(table, 0) != manifest.facts.rows.get(table, 0)
        ]
        for table, now, then in sorted(changed, key=lambda one: -abs(one[1] - one[2]))[:_SHOWN]:
            self._say(f"  {table.removeprefix('public.'):<40} now {now:>9}  then {then:>9}  {then - now:+}")
        if len(changed) > _SHOWN:
            self._say(f"  and {len(changed) - _SHOWN} more tables")

    def _tell_what_is_lost(self, choice: Choice) -> None:
        """Say what was passed over and why, and how much older the chosen one is: before anybody agrees to it."""
        self._passed_over = choice.words
        for sentence in choice.words:
            self._warn(sentence)
        if choice.lost:
            older = span(choice.lost.taken_at - choice.manifest.taken_at)
            self._warn(f"So what you get is {older} older than the newest backup that there is.")

    def _consent(self, target: Target, options: Mapping[str, Any], question: str = "") -> None:
        """Raises BackupRefusedError unless somebody who knows which database this is agrees."""
        if options["noinput"]:
            if options["confirm_db"] != target.name:
                raise BackupRefusedError(f"--noinput needs --confirm-db {target.name}: the database to be replaced.")
            return
        if not confirmed(question or f"Replace the database {target.name}? Type YES: "):
            raise BackupRefusedError("Not confirmed; nothing was changed.")

    def _say(self, text: str) -> None:
        if self._talks:
            self.stdout.write(text)
            self.stdout.flush()

    def _warn(self, text: str) -> None:
        """Say what must be seen, also where the output is for a program."""
        if self._talks:
            self._say(self.style.WARNING(text))
        else:
            self.stderr.write(self.style.WARNING(text))

    def _laws_hold(self) -> bool | None:
        """Run check_invariants, of an app that this one does not know; None when there is none."""
        if "check_invariants" not in get_commands():
            return None
        self._say("Checking the laws of stock, orders and money ...")
        argv = [sys.executable, "manage.py", "check_invariants"]
        done = subprocess.run(argv, cwd=BASE_DIR, env=os.environ, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode != 0:
            self.stderr.write(self.style.ERROR(done.stderr[-2000:]))
        return done.returncode == 0
