"""What backups there are."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from backups.commands import BackupCommand, age, facts_of, size, state
from backups.storage import shop_store
from backups.target import shop_database


class Command(BackupCommand):
    """Lists the backups in BACKUP_DIR by their manifests, newest first; asks no database."""

    help = "List the backups: age, size, rows, whether each was found good. Needs no database."
    changes_something = False
    examples = """\
examples:
  manage.py list_backups
  manage.py list_backups --format json
  manage.py list_backups --all              also those of other databases
"""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--all", action="store_true", help="also the backups of other databases")

    def act(self, *, format: str, all: bool, **options: Any) -> Mapping[str, Any]:
        store = shop_store()
        found = store.manifests(None if all else shop_database().name)
        there = {one.name: store.is_there(one) for one in found}
        unfinished = store.without_manifest()
        if format == "text":
            for one in found:
                pin = ", pinned" if one.pinned else ""
                when = timezone.localtime(one.taken_at)
                self.stdout.write(
                    f"{one.name}  {when:%Y-%m-%d %H:%M:%S} WIB  {age(one.taken_at)} old  {size(one.file.size)}"
                    f"  {one.rows} rows  {one.kind}, {state(one, there=there[one.name])}{pin}"
                )
            for name in unfinished:
                self.stdout.write(f"{name}  no manifest: not a backup; delete it when nobody needs it")
        backups = [facts_of(one) | {"state": state(one, there=there[one.name])} for one in found]
        return {"folder": str(store.folder), "backups": backups, "without_manifest": unfinished}

    def summary(self, facts: Mapping[str, Any]) -> str:
        """Return the count."""
        good = sum(bool(one["verified"]) for one in facts["backups"])
        return f"{len(facts['backups'])} backups in {facts['folder']}, {good} verified"
