"""The nightly backup, or one by hand."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backups import making, retrying
from backups.commands import BackupCommand, facts_of, progress_line, size
from backups.lock import held
from backups.mirror import mirror
from backups.storage import Store, shop_store
from backups.target import shop_database


class Command(BackupCommand):
    """Dumps the database into BACKUP_DIR, reads it back, writes its manifest, removes what is too old."""

    help = "Back up the database, verify the backup, and remove those that are older than BACKUP_RETENTION_DAYS."
    examples = """\
examples:
  manage.py backup_db                     cron does this every night at 02:00
  manage.py backup_db --dry-run           check programs, space and access; say what would be removed
  manage.py backup_db --pin               keep this one until somebody deletes it by hand
  manage.py backup_db --output /mnt/usb   another folder; nothing is removed there
"""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--keep-all", action="store_true", help="remove no old backup")
        parser.add_argument("--no-verify", action="store_true", help="do not read the file back")
        parser.add_argument("--pin", action="store_true", help="never remove this backup by itself")
        parser.add_argument("--output", type=Path, metavar="DIR", help="write there instead of to BACKUP_DIR")

    def act(
        self,
        *,
        stopping: threading.Event,
        dry_run: bool,
        keep_all: bool,
        no_verify: bool,
        pin: bool,
        output: Path | None,
        **options: Any,
    ) -> Mapping[str, Any]:
        target, own = shop_database(), shop_store()
        own.prepare()
        store = own
        if output is not None:
            store = Store(output.resolve())
            store.prepare(own=False)
        with held(own.folder, target):
            if dry_run:
                plan = making.preflight(target, store)
                gone = [] if keep_all or output else making.remove_expired(store, target, dry_run=True)
                facts = {"database": target.name, "pg_dump": str(plan.pg_dump), "database_size": plan.database_size}
                return facts | {"removed": [one.name for one in gone]}
            with progress_line(self.stderr, _expected(store, target.name)) as progress:
                manifest = retrying.back_up(
                    target,
                    store,
                    pinned=pin,
                    verify_it=not no_verify,
                    should_stop=stopping.is_set,
                    progress=progress,
                )
            gone = [] if keep_all or output else making.remove_expired(store, target)
            if output is None:
                mirror(store, target.name)
        return facts_of(manifest) | {"path": str(store.path_of(manifest)), "removed": [one.name for one in gone]}

    def summary(self, facts: Mapping[str, Any]) -> str:
        """Return path, size, sha256 and verification."""
        removed = f", {len(facts['removed'])} old removed" if facts["removed"] else ""
        if "path" not in facts:
            return f"Would back up {facts['database']} ({size(facts['database_size'])}){removed}"
        verified = "verified" if facts["verified"] else "NOT verified"
        return f"{facts['path']} {size(facts['size'])} sha256={facts['sha256']} {verified}{removed}"


def _expected(store: Store, database: str) -> int:
    """Return how many bytes pg_dump may write, going by the last time; 0 when nobody knows."""
    last = store.newest_verified(database)
    return last.file.raw_size if last else 0
