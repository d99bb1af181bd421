"""Cron's second look: notifications that could not be applied, short stock, refunds under way."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError

from config.commands import FAILED, ShopCommand, positive
from payments.services import notifications, refunds
from shop.services import stock


class Command(ShopCommand):
    """Tries again what waits, each with its own backoff."""

    help = "Apply notifications that wait, sell lines that were short, send refunds that are due."
    lock_name = "process_notifications"
    examples = """\
examples:
  manage.py process_notifications              try again what is due (cron does this every five minutes)
  manage.py process_notifications --dry-run    count what is due
"""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--limit", type=positive, default=100, help="notifications at most (default 100)")
        parser.add_argument("--deadline", type=positive, default=180, help="seconds at most (default 180)")

    def work(
        self,
        *,
        stopping: threading.Event,
        dry_run: bool,
        limit: int,
        deadline: int,
        **options: Any,
    ) -> Mapping[str, Any]:
        if dry_run:
            return {"due": notifications.due().count()}
        run = notifications.process_due(limit=limit, deadline_s=deadline * 0.6, should_stop=stopping.is_set)
        sold = stock.retry_short()
        sent = 0 if stopping.is_set() else refunds.send_due_refunds(deadline_s=deadline * 0.3)
        if run.stopped == "server_key_refused":
            raise CommandError("Stopped: server_key_refused.", returncode=FAILED)
        if run.failed:
            raise CommandError(f"{run.failed} notifications failed; the log says why.", returncode=FAILED)
        return {
            "applied": run.applied,
            "waiting": run.waiting,
            "short_lines_sold": sold,
            "refunds_looked_after": sent,
            "stopped": run.stopped,
        }
