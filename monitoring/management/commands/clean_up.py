"""Cron's nightly broom."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from config.commands import ShopCommand
from monitoring.cleaning import clean_up, forgettable_counts


class Command(ShopCommand):
    """Deletes expired sessions and tokens, abandoned carts and old heartbeats."""

    help = "Delete what may go: old sessions, abandoned carts, expired tokens, texts of old mails, heartbeats."
    lock_name = "clean_up"
    examples = """\
examples:
  manage.py clean_up              delete (cron does this every night)
  manage.py clean_up --dry-run    count
"""

    def work(self, *, stopping: threading.Event, dry_run: bool, **options: Any) -> Mapping[str, Any]:
        if dry_run:
            return forgettable_counts()
        return clean_up()
