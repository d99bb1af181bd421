"""Cron's question to the gateway about payments that no notification settled."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from config.commands import FAILED, USAGE, ShopCommand, positive
from orders.models import Order
from payments.services import reconcile


class Command(ShopCommand):
    """Asks about open and recently dead payments, about one order, or about everything since a time."""

    help = "Ask the gateway about payments and apply its answers, the same way as a notification."
    lock_name = "reconcile_payments"
    examples = """\
examples:
  manage.py reconcile_payments                                open and recently dead payments (cron, every 10 minutes)
  manage.py reconcile_payments --order ORD-20261123-AB2CDE    every payment of one order
  manage.py reconcile_payments --since 2026-11-23T02:00+07:00 after a restore: every payment in the journal since
                                                              then; opens the shop when all were asked about
"""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        super().add_arguments(parser)
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--order", metavar="NUMBER", help="all payments of this order")
        what.add_argument("--since", metavar="TIME", help="ISO 8601; without a zone it is WIB")
        parser.add_argument("--limit", type=positive, default=500, help="payments at most (default 500)")
        parser.add_argument("--deadline", type=positive, default=240, help="seconds at most (default 240)")

    def work(
        self,
        *,
        stopping: threading.Event,
        dry_run: bool,
        order: str | None,
        since: str | None,
        limit: int,
        deadline: int,
        **options: Any,
    ) -> Mapping[str, Any]:
        if since is not None:
            run = reconcile.sweep(since=_moment(since), dry_run=dry_run)
        else:
            run = reconcile.reconcile_payments(
                order=_order(order) if order else None,
                limit=limit,
                deadline_s=deadline,
                dry_run=dry_run,
                should_stop=stopping.is_set,
            )
        if run.stopped in {"server_key_refused", "many_unknown", "journal_missing"}:
            raise CommandError(f"Stopped: {run.stopped}. {run.checked} checked.", returncode=FAILED)
        if run.crashed:
            raise CommandError(f"{run.crashed} of {run.checked} failed; the log says why.", returncode=FAILED)
        return asdict(run)


def _moment(text: str) -> datetime:
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise CommandError(f"--since: {text!r} is no time; write 2026-11-23T02:00+07:00.", returncode=USAGE)
    return found if timezone.is_aware(found) else timezone.make_aware(found)


def _order(number: str) -> Order:
    order = Order.objects.filter(number=number.strip().upper()).first()
    if order is None:
        raise CommandError(f"--order: there is no order {number!r}.", returncode=USAGE)
    return order
