"""Keeping one backup for as long as somebody wants it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from backups import manifest as manifests
from backups import storage
from backups.commands import BackupCommand, facts_of
from backups.errors import BackupFailedError, BackupUsageError
from backups.lock import held
from backups.mirror import mirror
from backups.target import shop_database


class Command(BackupCommand):
    """Writes a pin and its reason into a backup's manifest, or takes it out."""

    help = "Pin a backup, so that it is never removed by itself, or let a pinned one go. Needs no database."
    examples = """\
examples:
  manage.py pin_backup shop-20261128T020000Z-1a2b3c --reason "before the move"
  manage.py pin_backup shop-20261128T020000Z-1a2b3c --remove
"""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", help="a backup's name, or the path of its dump")
        how = parser.add_mutually_exclusive_group(required=True)
        how.add_argument("--reason", metavar="TEXT", help="why it must stay")
        how.add_argument("--remove", action="store_true", help="let it go when its time has come")

    def act(self, *, file: str, reason: str | None, remove: bool, dry_run: bool, **options: Any) -> Mapping[str, Any]:
        if not remove and not (reason or "").strip():
            raise BackupUsageError("Say why it must stay: --reason TEXT.")
        own = storage.shop_store()
        own.prepare()
        with held(own.folder, None):
            store, manifest = storage.find(file)
            if remove and not manifest.pinned:
                raise BackupUsageError(f"{manifest.name} is not pinned.")
            pinned = replace(manifest, pinned="" if remove else str(reason).strip())
            if not dry_run:
                try:
                    manifests.write(pinned, store.folder)
                except OSError as error:
                    raise BackupFailedError(f"Cannot write to {store.folder}: {error.strerror}.") from error
                if store.folder == own.folder:
                    mirror(own, shop_database().name)
        return facts_of(pinned)

    def summary(self, facts: Mapping[str, Any]) -> str:
        """Return what became of it."""
        return f"{facts['backup']} is pinned: {facts['pinned']}" if facts["pinned"] else f"{facts['backup']} may go"
