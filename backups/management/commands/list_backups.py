"""What backups there are."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from backups.commands import BackupCommand, age, facts_of, packed, size, state, whereabouts
from backups.manifest import Manifest
from backups.offsite import Bucket
from backups.storage import shop_store
from backups.target import shop_database


class Command(BackupCommand):
    """Lists the backups in BACKUP_DIR, or in the bucket, by their manifests, newest first; asks no database."""

    help = "List the backups: age, size, rows, whether each was found good. Needs no database."
    changes_something = False
    examples = """\
examples:
  manage.py list_backups
  manage.py list_backups --from-offsite     those in the bucket, as on a new machine
  manage.py list_backups --all              also those of other databases
  manage.py list_backups --format json
"""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--from-offsite", action="store_true", help="list the copies in BACKUP_S3_BUCKET instead")
        parser.add_argument("--all", action="store_true", help="also the backups of other databases")

    def act(self, *, format: str, from_offsite: bool, all: bool, **options: Any) -> Mapping[str, Any]:
        store, unfinished = shop_store(), []
        if from_offsite:
            bucket = Bucket()
            folder, found = f"bucket {bucket.name}", bucket.manifests()
            there = dict.fromkeys((one.name for one in found), True)
        else:
            store.require_readable()
            folder, found = str(store.folder), store.manifests(None if all else shop_database().name)
            there = {one.name: store.is_there(one) for one in found}
            unfinished = store.without_manifest()
        if format == "text":
            for one in found:
                self.stdout.write(self._line(one, there=there[one.name]))
            for name in unfinished:
                self.stdout.write(f"{name}  no manifest: not a backup; delete it when nobody needs it")
        backups = [facts_of(one) | {"state": state(one, there=there[one.name])} for one in found]
        return {"folder": folder, "backups": backups, "without_manifest": unfinished}

    def summary(self, facts: Mapping[str, Any]) -> str:
        """Return the count."""
        good = sum(bool(one["verified"]) for one in facts["backups"])
        return f"{len(facts['backups'])} backups in {facts['folder']}, {good} verified"

    def _line(self, one: Manifest, *, there: bool) -> str:
        notes = [one.kind, packed(one), state(one, there=there), whereabouts(one)]
        if one.pinned:
            notes.append(f"pinned: {one.pinned}")
        when = timezone.localtime(one.taken_at)
        return (
            f"{one.name}  {when:%Y-%m-%d %H:%M:%S} WIB  {age(one.taken_at)} old  {size(one.file.size)}"
            f"  {one.rows} rows  {', '.join(note for note in notes if note)}"
        )
