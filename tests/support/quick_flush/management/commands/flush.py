"""``flush``, quick where it can be; Django's own does the rest."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import flush
from django.db import connections

from tests.support.quick_flush.emptying import empty


class Command(flush.Command):
    """What Django's test cases call after a test that committed."""

    def handle(self, **options: Any) -> None:
        """Empty the database of ``options``."""
        plain = not (options["interactive"] or options.get("reset_sequences", True))
        if not (plain and empty(connections[options["database"]])):
            super().handle(**options)
