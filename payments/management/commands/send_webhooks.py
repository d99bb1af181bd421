"""Cron's sender of events for integrators, once a minute."""

from __future__ import annotations

import threading
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from config.commands import ShopCommand, positive
from payments.outgoing import due_deliveries, send_due


class Command(ShopCommand):
    """Sends due events. No lock: each delivery is taken by a lease, so several senders at once are welcome.

    An endpoint that does not take an event is no failure of the run: it is tried again for two days, then kept as
    FAILED for the monitors and for a person to replay.
    """

    help = "Send the events that wait for integrators (webhooks)."
    examples = """\
examples:
  manage.py send_webhooks              send what is due (cron does this every minute)
  manage.py send_webhooks --dry-run    count what is due
"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the two bounds of a run."""
        super().add_arguments(parser)
        parser.add_argument("--limit", type=positive, default=200, help="events at most in this run (default 200)")
        parser.add_argument("--deadline", type=positive, default=50, help="seconds at most for this run (default 50)")

    def work(self, *, stopping: threading.Event, **options: Any) -> Mapping[str, Any]:
        """Send, or with ``--dry-run`` only count."""
        if options["dry_run"]:
            return {"due": due_deliveries().count()}
        run = send_due(limit=options["limit"], deadline_s=float(options["deadline"]), should_stop=stopping.is_set)
        return {
            "sent": run.sent,
            "postponed": run.postponed,
            "failed": run.failed,
            "lost": run.lost,
            "waiting": due_deliveries().count(),
            "stopped": run.stopped or None,
        }
