"""The staff groups and what each may do, as this release has them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from config.commands import ShopCommand
from payments.groups import GROUPS, held_permissions, set_up_groups


class Command(ShopCommand):
    """Makes kasir, gudang, owner and auditor hold exactly their permissions; who is in them stays."""

    help = "Make the staff groups hold exactly what this release gives them. Run it after installing and upgrading."
    lock_name = "setup_groups"
    examples = """\
examples:
  manage.py setup_groups              after `migrate`, on every installation and upgrade
  manage.py setup_groups --dry-run    say what would change
"""

    def work(self, *, stopping: threading.Event, dry_run: bool, **options: Any) -> Mapping[str, Any]:
        """Compare, and write unless this is a dry run; then everything is undone."""
        with transaction.atomic():
            before = held_permissions()
            set_up_groups()
            after = held_permissions()
            transaction.set_rollback(dry_run)
        return {
            "groups": len(GROUPS),
            "permissions_added": sum(len(after[name] - before.get(name, set())) for name in after),
            "permissions_removed": sum(len(before[name] - after[name]) for name in before),
        }
