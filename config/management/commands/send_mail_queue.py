"""Cron's sender of the outbox, once a minute."""

from __future__ import annotations

import threading
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from config.commands import ShopCommand, positive
from config.outbox import due_mails, queue_state, send_due_mails


class Command(ShopCommand):
    """Sends due mails. No lock: each mail is taken by a lease, so several senders at once are welcome.

    A mail that could not be sent is no failure of the run: it is tried again, or kept as FAILED for the monitors.
    """

    help = "Send the mails that wait in the outbox."
    examples = """\
examples:
  manage.py send_mail_queue                  send what is due (cron does this every minute)
  manage.py send_mail_queue --dry-run        say what would be sent
  manage.py send_mail_queue --format json    for a program

Several of these may run at once, on several machines: exit code 4 does not occur. SIGTERM and Ctrl-C finish the
mail in hand. Mails that could not be sent are counted, and tried again or kept as FAILED for the monitors.
"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the two bounds of a run."""
        super().add_arguments(parser)
        parser.add_argument("--limit", type=positive, default=200, help="mails at most in this run (default 200)")
        parser.add_argument("--deadline", type=positive, default=50, help="seconds at most for this run (default 50)")

    def work(self, *, stopping: threading.Event, **options: Any) -> Mapping[str, Any]:
        """Send, or with ``--dry-run`` only look."""
        if options["dry_run"]:
            # Addresses stay out of it: this ends up in logs.
            return {
                "due": [
                    {"kind": mail.kind, "reference": mail.reference, "attempt": mail.attempts + 1}
                    for mail in due_mails()[: options["limit"]]
                ],
            }
        run = send_due_mails(
            limit=options["limit"],
            deadline_s=float(options["deadline"]),
            should_stop=stopping.is_set,
        )
        return {
            "sent": run.sent,
            "postponed": run.postponed,
            "failed": run.failed + run.given_up,
            "lost": run.lost,
            "waiting": queue_state().waiting,
            "stopped": run.stopped or None,
        }

    def summary(self, facts: Mapping[str, Any]) -> str:
        """Return one line; of a dry run, one more for each mail."""
        if "due" in facts:
            plan = [f"{mail['kind']} {mail['reference']} attempt {mail['attempt']}\n" for mail in facts["due"]]
            return f"{''.join(plan)}{len(plan)} due"
        lost = f", {facts['lost']} taken over by another sender" if facts["lost"] else ""
        stopped = f", stopped: {facts['stopped']}" if facts["stopped"] else ""
        counts = f"{facts['sent']} sent, {facts['postponed']} postponed, {facts['failed']} failed"
        return f"{counts}{lost}, {facts['waiting']} waiting{stopped}"
