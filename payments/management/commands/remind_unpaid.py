"""Cron's reminder of unpaid orders, every ten minutes."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Mapping
from typing import Any

from config.commands import ShopCommand, positive
from payments.services.reminders import due_reminders, remind_unpaid


class Command(ShopCommand):
    """Mentions each unpaid order once, PAYMENT_REMINDER_MINUTES before its deadline."""

    help = "Mail a reminder, once, for each order whose deadline to pay is near."
    lock_name = "remind_unpaid"
    examples = """\
examples:
  manage.py remind_unpaid              queue what is due (cron does this every ten minutes)
  manage.py remind_unpaid --dry-run    count what is due
"""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--limit", type=positive, default=200, help="orders at most in this run (default 200)")

    def work(
        self,
        *,
        stopping: threading.Event,
        dry_run: bool,
        limit: int,
        **options: Any,
    ) -> Mapping[str, Any]:
        if dry_run:
            return {"due": len(due_reminders(limit))}
        return {"reminded": remind_unpaid(limit=limit, should_stop=stopping.is_set)}
