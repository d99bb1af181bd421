"""Cron's closer of unpaid orders, once a minute."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError

from config.commands import FAILED, ShopCommand, positive
from payments.services import closing, kill


class Command(ShopCommand):
    """Closes what is overdue, finishes closings that requests left behind, and kills payments that must die."""

    help = "Expire unpaid orders: ask the gateway, make the payment impossible, then free the stock."
    lock_name = "expire_orders"
    examples = """\
examples:
  manage.py expire_orders              close what is due (cron does this every minute)
  manage.py expire_orders --dry-run    count what is due
"""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--limit", type=positive, default=200, help="orders at most in this run (default 200)")
        parser.add_argument("--deadline", type=positive, default=50, help="seconds at most (default 50)")

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
            return {"due": len(closing.due_orders(limit)), "kills_due": len(kill.due_kills(limit))}
        run = closing.expire_orders(limit=limit, deadline_s=deadline * 0.7, should_stop=stopping.is_set)
        killed = kill.run_due_kills(limit=limit, deadline_s=deadline * 0.3, should_stop=stopping.is_set)
        if run.failed or run.stopped in {"server_key_refused", "many_unknown"}:
            why = run.stopped or f"{run.failed} orders failed, see the log"
            raise CommandError(f"{why}. {run.expired + run.closed} closed, {run.waiting} waiting.", returncode=FAILED)
        return {
            "expired": run.expired,
            "closed": run.closed,
            "waiting": run.waiting,
            "paid_meanwhile": run.paid,
            "killed": killed,
            "stopped": run.stopped,
        }
