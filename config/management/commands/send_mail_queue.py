"""Cron's sender of the outbox, once a minute."""

from __future__ import annotations

import argparse
import json
import secrets
import signal
import threading
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError

from config.database import DatabaseConnectionError
from config.outbox import SendRun, due_mails, queue_state, send_due_mails

HELP = """\
examples:
  manage.py send_mail_queue                  send what is due (cron does this every minute)
  manage.py send_mail_queue --dry-run        say what would be sent
  manage.py send_mail_queue --format json    for a program

Several of these may run at once, on several machines: each mail is taken by a lease, so no lock is needed and
exit code 4 does not occur. SIGTERM and Ctrl-C finish the mail in hand.

exit codes: 0 done (mails that could not be sent now are counted, and tried again or kept as FAILED for the
monitors), 1 failed (database away), 2 wrong use, 130 interrupted
"""


def positive(text: str) -> int:
    """Read a whole number from 1 to 10000."""
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 10_000:
        return int(text)
    raise argparse.ArgumentTypeError(f"not a number from 1 to 10000: {text!r}")


class Command(BaseCommand):
    """Sends due mails and prints one line (or one JSON object) about it."""

    help = "Send the mails that wait in the outbox."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """Keep the examples' line breaks in --help."""
        parser = super().create_parser(prog_name, subcommand, epilog=HELP, **kwargs)
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        return parser

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options of every command that changes something, and the two bounds of a run."""
        parser.add_argument("--format", choices=["text", "json"], default="text", help="text (default) or json")
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument("--dry-run", action="store_true", help="say what would be sent, send nothing")
        mode.add_argument("--apply", action="store_true", help="send; this is the default")
        parser.add_argument("--limit", type=positive, default=200, help="mails at most in this run (default 200)")
        parser.add_argument("--deadline", type=positive, default=50, help="seconds at most for this run (default 50)")

    def handle(self, *, format: str, dry_run: bool, limit: int, deadline: int, **options: Any) -> None:
        """Run once. Raises CommandError with the exit code."""
        run_id = secrets.token_hex(4)
        started = time.monotonic()
        try:
            if dry_run:
                self._plan(run_id, limit, as_json=format == "json")
                return
            with stop_requests() as stopping:
                run = send_due_mails(limit=limit, deadline_s=float(deadline), should_stop=stopping.is_set)
            waiting = queue_state().waiting
        except (DatabaseConnectionError, DatabaseError, InterfaceError) as error:
            raise CommandError(f"The database is away or refused: {type(error).__name__}.", returncode=1) from error
        self._report(run_id, run, waiting, time.monotonic() - started, as_json=format == "json")
        if run.stopped == "asked":
            raise CommandError("Interrupted; the mail in hand was finished.", returncode=130)

    def _plan(self, run_id: str, limit: int, *, as_json: bool) -> None:
        """Print what a run would take. Addresses stay out of it: this ends up in logs."""
        mails = due_mails()[:limit]
        if as_json:
            plan = [{"kind": m.kind, "reference": m.reference, "attempt": m.attempts + 1} for m in mails]
            self._print_json({"run_id": run_id, "dry_run": True, "due": plan})
            return
        for mail in mails:
            self.stdout.write(f"{mail.kind} {mail.reference} attempt {mail.attempts + 1}")
        self.stdout.write(f"{len(mails)} due (not run) run={run_id}")

    def _report(self, run_id: str, run: SendRun, waiting: int, seconds: float, *, as_json: bool) -> None:
        """Print the summary."""
        failed = run.failed + run.given_up
        if as_json:
            self._print_json(
                {
                    "run_id": run_id,
                    "dry_run": False,
                    "sent": run.sent,
                    "postponed": run.postponed,
                    "failed": failed,
                    "lost": run.lost,
                    "waiting": waiting,
                    "stopped": run.stopped or None,
                    "duration_ms": round(seconds * 1000),
                },
            )
            return
        stopped = f", stopped: {run.stopped}" if run.stopped else ""
        lost = f", {run.lost} taken over by another sender" if run.lost else ""
        line = f"{run.sent} sent, {run.postponed} postponed, {failed} failed{lost}, {waiting} waiting{stopped}"
        style = self.style.WARNING if failed or run.postponed else self.style.SUCCESS
        self.stdout.write(style(f"{line} ({seconds:.1f} s) run={run_id}"))

    def _print_json(self, data: dict[str, Any]) -> None:
        self.stdout.write(json.dumps({"schema": 1} | data))


@contextmanager
def stop_requests() -> Iterator[threading.Event]:
    """Turn SIGTERM and SIGINT into a flag while the block runs; only the main thread may, elsewhere nothing changes."""
    stopping = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stopping
        return
    signals = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: stopping.set()) for number in signals]
    try:
        yield stopping
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
