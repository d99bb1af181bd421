"""Cron's look at the shop, every five minutes."""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError, InterfaceError, connection

from config.commands import FAILED, FINDINGS, INTERRUPTED, LOCKED, ShopCommand, stop_requests
from config.database import DatabaseConnectionError, advisory_lock
from monitoring import report
from monitoring.alarm import TimeIsUpError, time_limit
from monitoring.models import Severity
from monitoring.monitors import BY_NAME, MONITORS
from monitoring.run_lock import file_lock
from monitoring.runner import Options, Run, run_monitors

LOCK_S = 6.0


class Command(ShopCommand):
    """Asks every monitor, puts right what is safe, records incidents, tells; works with the database down, too."""

    help = "Look for what is wrong in the shop and send alerts about it."
    requires_system_checks = ()  # an alarm that does not ring because of a warning elsewhere is no alarm
    examples = """\
examples:
  manage.py run_monitors                                  look and tell (cron does this every five minutes)
  manage.py run_monitors --list                           what is looked at, and how soon it alarms
  manage.py run_monitors --only stock_negative --dry-run  one monitor; nothing recorded, nobody told
  manage.py run_monitors --fail-on critical               exit 3 when something CRITICAL is found
  manage.py run_monitors --full                           without time windows (cron does this every night)
"""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare what to look at, and what to do with it."""
        parser.add_argument("--format", choices=["text", "json", "prometheus"], default="text", help="default: text")
        parser.add_argument("--only", action="append", choices=sorted(BY_NAME), metavar="NAME", help="this monitor")
        parser.add_argument("--exclude", action="append", choices=sorted(BY_NAME), metavar="NAME", help="not this one")
        parser.add_argument("--list", action="store_true", help="say which monitors there are, and do nothing else")
        parser.add_argument("--full", action="store_true", help="look at everything, however old")
        parser.add_argument(
            "--fail-on", choices=["high", "critical", "never"], default="never", help="exit 3 on findings"
        )
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument("--dry-run", action="store_true", help="look and print; heal and record nothing, tell nobody")
        mode.add_argument("--apply", action="store_true", help="record and tell; this is the default")
        parser.add_argument("--notify", action="store_true", dest="notify", default=True, help="tell (the default)")
        parser.add_argument("--no-heal", action="store_false", dest="heal", default=True, help="put nothing right")
        parser.add_argument("--no-notify", action="store_false", dest="notify", help="record, but tell nobody yet")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run once. Raises CommandError with the exit code."""
        if options["list"]:
            self.stdout.write(report.listing(options["format"]))
            return
        chosen = tuple(
            monitor
            for monitor in MONITORS
            if (not options["only"] or monitor.name in options["only"])
            and monitor.name not in (options["exclude"] or ())
        )
        wanted = Options(
            monitors=chosen,
            full=options["full"],
            dry=options["dry_run"],
            notify=options["notify"],
            heal=options["heal"],
            everything=len(chosen) == len(MONITORS),
        )
        locks = ExitStack()
        with stop_requests() as stopping:
            try:
                if not wanted.dry:
                    self._lock(locks)
                run = run_monitors(wanted, should_stop=stopping.is_set)
            finally:
                self._unlock(locks)
        self._print(run, options)
        self._exit(run, options["fail_on"])

    def _lock(self, locks: ExitStack) -> None:
        """Keep other runs out: those of this machine always, those of other machines while the database is there."""
        if not locks.enter_context(file_lock()):
            raise CommandError("Another run_monitors is running.", returncode=LOCKED)
        try:
            with time_limit(LOCK_S):
                held = locks.enter_context(advisory_lock("command:run_monitors"))
        except (DatabaseError, InterfaceError, DatabaseConnectionError, TimeIsUpError):
            connection.close()
            return  # the run itself will find that out, and say so
        if not held:
            raise CommandError("Another run_monitors is running.", returncode=LOCKED)

    def _unlock(self, locks: ExitStack) -> None:
        """Give the locks back; a database that does not answer keeps nothing, its session ends with this process."""
        try:
            with time_limit(LOCK_S):
                locks.close()
        except (DatabaseError, InterfaceError, DatabaseConnectionError, TimeIsUpError):
            connection.close()

    def _print(self, run: Run, options: dict[str, Any]) -> None:
        if options["format"] == "json":
            self.stdout.write(json.dumps(report.as_json(run, dry=options["dry_run"]), default=str))
        elif options["format"] == "prometheus":
            self.stdout.write(report.as_prometheus(run), ending="")
        else:
            for line in report.as_lines(run, table=self.stdout.isatty(), style=self.style):
                self.stdout.write(line)
            if _went_well(run):
                self.stdout.write(f"Monitoring completed successfully. Alerts sent: {run.sent}")

    def _exit(self, run: Run, fail_on: str) -> None:
        if run.interrupted:
            raise CommandError("Interrupted; what was in hand was finished.", returncode=INTERRUPTED)
        if not _went_well(run):
            broken = [result.monitor.name for result in run.results if result.error]
            parts = [f"{len(broken)} failed: {', '.join(broken)}"] if broken and not run.database_away else []
            if run.database_away and not run.sent and run.waiting + run.undelivered:
                parts.append("the alert about the database could not be sent")
            raise CommandError(f"Monitoring did not complete: {'; '.join(parts)}.", returncode=FAILED)
        worst = {result.severity for result in run.results} | ({Severity.CRITICAL} if run.database_away else set())
        limit = {"critical": {Severity.CRITICAL}, "high": {Severity.CRITICAL, Severity.HIGH}, "never": set()}[fail_on]
        if worst & limit:
            raise CommandError("There are findings.", returncode=FINDINGS)


def _went_well(run: Run) -> bool:
    """Say whether the run did its duty. With the database away that is to tell, once; without, to look everywhere."""
    if run.database_away:
        return not (run.waiting or run.undelivered)
    return not any(result.error for result in run.results)
