"""Checks the laws of stock, orders and money on the whole database."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError

from config.commands import FAILED, ShopCommand
from monitoring.invariants import LAWS, check_invariants


class Command(ShopCommand):
    """Prints every law that does not hold with the first rows that break it; exit 1 if there is one."""

    help = "Check that stock, orders and money agree, in one snapshot. Changes nothing."
    changes_something = False
    examples = """\
examples:
  manage.py check_invariants
  manage.py check_invariants --format json
"""

    def work(self, *, stopping: threading.Event, **options: Any) -> Mapping[str, Any]:
        violations = check_invariants()
        for violation in violations:
            self.stderr.write(self.style.ERROR(str(violation)))
        if violations:
            raise CommandError(f"{len(violations)} of {len(LAWS)} laws do not hold.", returncode=FAILED)
        return {"laws_hold": len(LAWS)}
