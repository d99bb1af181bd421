"""Point-in-time recovery: set it up, make base backups, check, go back to a moment, practise."""

from __future__ import annotations

import argparse
import contextlib
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from backups.commands import BackupCommand, facts_of, size
from backups.errors import BackupFailedError, BackupRefusedError, BackupUsageError
from backups.lock import held
from backups.mirror import mirror
from backups.pitr import keeping, report, restoring, script, setup, taking
from backups.pitr.archive import Archive, configured, is_embedded, place, replication_target
from backups.pitr.bases import Base
from backups.pitr.drilling import drill
from backups.pitr.server import look
from backups.pitr.windows import parse_moment
from backups.storage import shop_store
from backups.target import shop_database
from config import embedded_postgres
from config.commands import FINDINGS
from config.embedded_postgres.account import account_for

_NOT_SET_UP = "WAL archiving is not set up"


class Command(BackupCommand):
    """Does what its first word says. Nothing here touches the live data folder."""

    help = "Point-in-time recovery: WAL archive, base backups, and back to a moment (docs/backups.md)."
    changes_something = False  # each action declares its own
    examples = """\
examples:
  manage.py pitr setup                 say what there is to set; --apply does it on the embedded server
  manage.py pitr base                  a base backup; cron's weekly drill makes one too
  manage.py pitr check                 what is there, what is missing, from when to when one can go back
  manage.py pitr restore --to 2026-11-28T10:31:00+07:00
                                       a normal backup of that moment, for restore_db
  manage.py pitr drill                 the whole circle beside the shop, in a minute
"""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the actions."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

        def action(name: str, text: str, *, changes: bool) -> argparse.ArgumentParser:
            found: argparse.ArgumentParser = actions.add_parser(name, help=text, description=text)
            found.add_argument("--format", choices=["text", "json"], default="text", help="text (default) or json")
            if changes:
                mode = found.add_mutually_exclusive_group()
                mode.add_argument("--dry-run", action="store_true", help="say what would be done, change nothing")
                mode.add_argument("--apply", action="store_true", help="do it; this is the default")
            return found

        found = action("setup", "Say what to set; --apply does it, on the embedded server.", changes=False)
        mode = found.add_mutually_exclusive_group()
        mode.add_argument("--apply", action="store_true", help="do it (embedded server only)")
        mode.add_argument("--dry-run", action="store_true", help="only say it; this is the default")
        mode.add_argument("--print-script", action="store_true", help="print the archive script for a server by hand")

        found = action("base", "Make a base backup, check it, let go of what no kept one needs.", changes=True)
        found.add_argument("--keep-all", action="store_true", help="remove nothing")

        found = action("check", "Say what can be recovered, and what is wrong.", changes=False)
        found.add_argument("--quick", action="store_true", help="do not read the WAL, only its names and sizes")
        found.add_argument("--fail-on", choices=["warning", "error"], help="exit 3 on such findings")

        found = action("restore", "Make a normal backup of the shop as it was at a moment.", changes=True)
        found.add_argument(
            "--to", required=True, metavar="TIME", help="2026-11-28T10:31:00+07:00 (with its offset), or latest"
        )
        found.add_argument("--into", type=Path, metavar="DIR", help="keep the recovered cluster in this new folder")
        found.add_argument("--and-restore", action="store_true", help="go on with restore_db, which asks for YES")
        found.add_argument("--noinput", action="store_true", help="restore_db asks nothing; needs --confirm-db")
        found.add_argument("--confirm-db", metavar="NAME", help="the name of the database to replace")

        found = action("drill", "Base backup, rows, back to before the last of them, compare.", changes=True)
        found.add_argument("--if-set-up", action="store_true", help="without a WAL archive do nothing, and say so")

    def act(self, *, action: str, **options: Any) -> Mapping[str, Any]:
        self._talks = options["format"] == "text"
        actions: dict[str, Callable[..., Mapping[str, Any]]] = {
            "setup": self._setup,
            "base": self._base,
            "check": self._check,
            "restore": self._restore,
            "drill": self._drill,
        }
        return {"action": action} | dict(actions[action](**options))

    def summary(self, facts: Mapping[str, Any]) -> str:
        """Return what was done."""
        return str(facts["said"])

    # --- the actions ---

    def _setup(self, *, apply: bool, print_script: bool, **options: Any) -> Mapping[str, Any]:
        archive = place()
        if print_script:
            self.stdout.write(script.text((archive or Archive(setup.DEFAULT_FOLDER)).wal, for_group=True))
            raise SystemExit(0)
        admin, shop = replication_target(), shop_database()
        if not is_embedded():
            if apply:
                raise BackupRefusedError("This server is not ours to change; `manage.py pitr setup` says what to do.")
            archive = archive or Archive(setup.DEFAULT_FOLDER)
            try:
                server = look(shop)
            except BackupFailedError:  # not up yet: the steps are the same
                server = None
            text = setup.by_hand(server, archive, admin, shop)
            self._say(text)
            return {"steps": text, "set_up": configured() is not None, "said": "Nothing was changed"}
        assert archive is not None
        home = embedded_postgres.home(settings.DATA_DIR)
        if apply:
            plan = setup.apply(admin, archive, account_for(home))
        else:
            plan = setup.make_plan(look(admin), archive.script)
            for name, value in plan.settings.items():
                self._say(f"{name} = '{value}'")
        for line in plan.done:
            self._say(line)
        said = f"WAL archiving into {archive.wal}" + ("" if apply else " would be set up; --apply does it")
        if plan.restart:
            said += ". The server must be restarted: stop the shop (Ctrl-C) and start it again"
        facts = {"folder": str(archive.folder), "settings": plan.settings, "done": plan.done, "restart": plan.restart}
        return facts | {"said": said}

    def _base(self, *, stopping: threading.Event, dry_run: bool, keep_all: bool, **options: Any) -> Mapping[str, Any]:
        archive, admin, own = _set_up(), replication_target(), shop_store()
        own.prepare()
        with held(own.folder, shop_database()):
            server = taking.preflight(admin, archive)
            if dry_run:
                gone = ([], []) if keep_all else keeping.prune(archive, dry_run=True)
                return _pruned(gone) | {"said": f"Would make a base backup in {archive.bases}{_words(gone)}"}
            base = taking.take(
                admin, archive, server=server, database=shop_database().name, should_stop=stopping.is_set
            )
            gone = ([], []) if keep_all else keeping.prune(archive)
        said = f"{archive.bases / base.name} {size(base.size)} verified{_words(gone)}"
        return {"base": base.name, "size": base.size, "seconds": base.seconds} | _pruned(gone) | {"said": said}

    def _check(
        self, *, stopping: threading.Event, quick: bool, fail_on: str | None, **options: Any
    ) -> Mapping[str, Any]:
        archive = configured()
        if archive is None:
            facts: dict[str, Any] = {"configured": False, "problems": [], "said": f"{_NOT_SET_UP} ({_how()})"}
            found = report.Level.WARNING
        else:
            made = report.make(archive, shop_database(), read=not quick, should_stop=stopping.is_set)
            for line in made.lines:
                self._say(line)
            facts, found = {"configured": True, **made.facts, "said": made.summary}, made.level
        limit = {"warning": report.Level.WARNING, "error": report.Level.ERROR}.get(fail_on or "")
        if limit is not None and found >= limit:
            if not self._talks:
                self.stdout.write(report.as_json(facts))
            raise CommandError(str(facts["said"]), returncode=FINDINGS)
        return facts

    def _restore(
        self, *, stopping: threading.Event, dry_run: bool, to: str, into: Path | None, **options: Any
    ) -> Mapping[str, Any]:
        moment = None if to == "latest" else parse_moment(to)
        archive, own, target = _set_up(), shop_store(), shop_database()
        if options["noinput"] and not options["and_restore"]:
            raise BackupUsageError("--noinput belongs to --and-restore.")
        if options["confirm_db"] not in {None, target.name}:
            raise BackupUsageError(f"--confirm-db says {options['confirm_db']!r}; the database is {target.name!r}.")
        own.prepare()
        with held(own.folder, None):  # the server may be away
            if not dry_run and (
                said := restoring.close_gap_to_now(replication_target(), archive, moment, should_stop=stopping.is_set)
            ):
                self._say(said)
            plan = restoring.make_plan(archive, moment, should_stop=stopping.is_set)
            facts = {"goal": plan.goal.moment.isoformat(), "base": plan.base.name, "segments": len(plan.segments)}
            if dry_run:
                return facts | {"said": f"Would go back to {plan.goal.moment.isoformat(' ')} from {plan.base.name}"}
            into = into.resolve() if into else None
            done = restoring.bring_back(
                archive, plan, target, own, into=into, should_stop=stopping.is_set, say=self._say
            )
            mirror(own, target.name)
        reached = done.reached
        facts |= {
            "reached": reached.last_at.isoformat() if reached.last_at else None,
            "next": reached.next_at.isoformat() if reached.next_at else None,
            "recovery_seconds": done.seconds,
            "into": str(into) if into else None,
        }
        self._say(f"Asked for   {plan.goal.moment.isoformat(' ')}")
        self._say(f"Last in     {reached.last_at.isoformat(' ') if reached.last_at else 'none since the base backup'}")
        self._say(f"First out   {reached.next_at.isoformat(' ') if reached.next_at else 'nothing'}")
        if into is not None:
            self._say(f"The recovered cluster stays in {into}; its server can be started on {into / 'data'}")
        name = done.manifest.name
        if options["and_restore"]:
            consent = {name: options[name] for name in ("noinput", "confirm_db", "format")}
            call_command("restore_db", name, **consent, stdout=self.stdout, stderr=self.stderr)
            said = f"Restored {name}"
        else:
            said = (
                f"{own.path_of(done.manifest)} is the shop of that moment. To make it live: manage.py restore_db {name}"
            )
        return facts | facts_of(done.manifest) | {"said": said}

    def _drill(self, *, stopping: threading.Event, dry_run: bool, if_set_up: bool, **options: Any) -> Mapping[str, Any]:
        if if_set_up and configured() is None:
            return {"configured": False, "said": f"{_NOT_SET_UP}, so there is nothing to drill ({_how()})"}
        archive, admin, own, shop = _set_up(), replication_target(), shop_store(), shop_database()
        own.prepare()
        with held(own.folder, shop):
            if dry_run:
                taking.preflight(admin, archive)
                return {"said": "Would make a base backup and go back to a moment after it"}
            done = drill(admin, shop, archive, should_stop=stopping.is_set, say=self._say)
            gone = keeping.prune(archive)
        assert done.target is not None
        assert done.reached is not None
        facts = {
            "base": done.base,
            "target": done.target.isoformat(),
            "reached": done.reached.isoformat(),
            "recovery_seconds": done.recovery_seconds,
            "drill_seconds": done.seconds,
        }
        said = (
            f"Drill passed: asked for {done.target.isoformat(' ')}, reached {done.reached.isoformat(' ')}, "
            f"recovered in {done.recovery_seconds} s{_words(gone)}"
        )
        return facts | _pruned(gone) | {"said": said}

    def _say(self, text: str) -> None:
        if self._talks:
            self.stdout.write(text)
            self.stdout.flush()


def _set_up() -> Archive:
    """Return the archive. Raises BackupRefusedError when there is none."""
    found = configured()
    if found is None:
        raise BackupRefusedError(f"{_NOT_SET_UP}: {_how()}.")
    return found


def _how() -> str:
    where = place()
    if where is not None:
        with contextlib.suppress(OSError):
            if where.wal.is_dir() and not (where.wal / script.MARK).exists():
                return f"{where.wal} has no {script.MARK}: is its disk mounted? Else manage.py pitr setup says how"
    return "manage.py pitr setup says how"


def _pruned(gone: tuple[list[Base], list[str]]) -> dict[str, Any]:
    return {"removed": [base.name for base in gone[0]], "removed_wal": len(gone[1])}


def _words(gone: tuple[list[Base], list[str]]) -> str:
    if not gone[0] and not gone[1]:
        return ""
    return f", {len(gone[0])} old base backups and {len(gone[1])} files of WAL removed"
