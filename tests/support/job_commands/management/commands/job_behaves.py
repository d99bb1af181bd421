"""A job that does what its first argument says."""

from __future__ import annotations

import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from config.errors import ShopError


class Command(BaseCommand):
    """Ends as asked."""

    requires_system_checks = ()

    def add_arguments(self, parser: Any) -> None:
        """Take the way to end."""
        parser.add_argument("way")
        parser.add_argument("--code", type=int, default=1)

    def handle(self, *, way: str, code: int, **options: Any) -> None:
        """End."""
        self.stdout.write("first line")
        if way == "fails":
            raise CommandError("It went wrong with Mid-server-abc123.", returncode=code)
        if way == "crashes":
            raise ShopError("Toko rusak.")
        if way == "exits":
            sys.exit(code)
        if way == "loses-connection":
            connection.ensure_connection()
            connection.connection.close()
        if way == "waits":
            self.stdout.write("waiting")
            self.stdout.flush()
            time.sleep(60)
        self.stdout.write("All done: 3 things.\n")
