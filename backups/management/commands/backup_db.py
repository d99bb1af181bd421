"""The nightly backup, or one by hand."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from backups import courier, making, offsite
from backups.commands import BackupCommand, facts_of, progress_line, size
from backups.courier import Delivered
from backups.errors import BackupUsageError
from backups.lock import held
from backups.manifest import Manifest
from backups.mirror import mirror
from backups.packing import COMPRESSIONS
from backups.retention import Verdict
from backups.storage import Store, shop_store
from backups.target import Target, shop_database
from config.commands import FAILED


class Command(BackupCommand):
    """Dumps the database into BACKUP_DIR, reads it back, copies it elsewhere, removes what is too old."""

    help = (
        "Back up the database, verify the backup, copy it to the bucket if there is one, and remove those that the "
        "retention rule lets go."
    )
    examples = """\
examples:
  manage.py backup_db                       cron does this every night at 02:00
  manage.py backup_db --dry-run             check programs, space and access; list what would be removed
  manage.py backup_db --pin "before 2.0"    keep this one until somebody unpins it (manage.py pin_backup)
  manage.py backup_db --compress zstd       four times as fast as gzip
  manage.py backup_db --output /mnt/usb     another folder; nothing is removed there, nothing copied
  manage.py backup_db --only-offsite        make none; copy those to the bucket that are not there yet

exit code 1 also when the backup is good, but its copy could not be made
"""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--keep-all", action="store_true", help="remove no old backup")
        parser.add_argument("--no-verify", action="store_true", help="do not read the file back")
        parser.add_argument("--pin", metavar="REASON", default="", help="never remove this backup by itself")
        parser.add_argument("--compress", choices=COMPRESSIONS, default="", help="instead of BACKUP_COMPRESSION")
        parser.add_argument("--output", type=Path, metavar="DIR", help="write there instead of to BACKUP_DIR")
        parser.add_argument("--only-offsite", action="store_true", help="make no backup, only copy what has no copy")

    def act(self, *, stopping: threading.Event, output: Path | None, **options: Any) -> Mapping[str, Any]:
        target, own = shop_database(), shop_store()
        own.prepare()
        store = own
        if output is not None:
            store = Store(output.resolve())
            store.prepare(own=False)
        with held(own.folder, target):
            if options["only_offsite"]:
                return self._copy(own, target, options, stopping)
            if options["dry_run"]:
                return self._plan(target, store, options, removes=output is None)
            return self._make(target, store, options, stopping, is_own=output is None)

    def summary(self, facts: Mapping[str, Any]) -> str:
        """Return path, size, sha256 and verification."""
        removed = f", {len(facts['removed'])} old removed" if facts["removed"] else ""
        if "copied" in facts:
            return f"{len(facts['copied'])} backups copied off-site, {facts['without_copy']} without a copy"
        if "path" not in facts:
            return f"Would back up {facts['database']} ({size(facts['database_size'])}){removed}"
        verified = "verified" if facts["verified"] else "NOT verified"
        elsewhere = ", off-site" if facts["offsite"] else ""
        return f"{facts['path']} {size(facts['size'])} sha256={facts['sha256']} {verified}{elsewhere}{removed}"

    # --- the three things it does ---

    def _plan(self, target: Target, store: Store, options: Mapping[str, Any], *, removes: bool) -> Mapping[str, Any]:
        plan = making.preflight(target, store, compression=options["compress"])
        leaving: Verdict[Manifest] = Verdict([])
        if removes and not options["keep_all"]:
            leaving = making.to_remove(store, target, coming=not options["no_verify"])
        self._tell(leaving, "would be removed", options)
        return {
            "database": target.name,
            "pg_dump": str(plan.pg_dump),
            "compression": plan.packing.compression,
            "encrypted": bool(plan.packing.recipients),
            "database_size": plan.database_size,
            "removed": [one.name for one in leaving.gone],
            "spared_because": leaving.spared_because,
        }

    def _make(
        self,
        target: Target,
        store: Store,
        options: Mapping[str, Any],
        stopping: threading.Event,
        *,
        is_own: bool,
    ) -> Mapping[str, Any]:
        with progress_line(self.stderr, _expected(store, target.name)) as progress:
            manifest = making.back_up(
                target,
                store,
                compression=options["compress"],
                pinned=options["pin"],
                verify_it=not options["no_verify"],
                should_stop=stopping.is_set,
                progress=progress,
            )
        leaving: Verdict[Manifest] = Verdict([])
        elsewhere = Delivered()
        if is_own:
            if not options["keep_all"]:
                leaving = making.to_remove(store, target)
                for one in leaving.gone:
                    making.remove(store, one)
                self._tell(leaving, "removed", options)
            elsewhere = _deliver(store, target, leaving.gone, stopping)
            mirror(store, target.name)
            manifest = next((one for one in store.manifests(target.name) if one.name == manifest.name), manifest)
        for name, why in elsewhere.still_there.items():
            self.stderr.write(self.style.WARNING(f"{name} is still in the bucket: {why}"))
        path = store.path_of(manifest)
        if elsewhere.trouble:
            good = "and verified" if manifest.is_verified else "but not verified"
            raise CommandError(
                f"{path} ({size(manifest.file.size)}, sha256={manifest.file.sha256}) is made {good}, but NOT off-site. "
                f"{' '.join(elsewhere.trouble)} The next backup tries again, or: manage.py backup_db --only-offsite",
                returncode=FAILED,
            )
        return facts_of(manifest) | {
            "path": str(path),
            "removed": [one.name for one in leaving.gone],
            "spared_because": leaving.spared_because,
            "still_offsite": elsewhere.still_there,
        }

    def _copy(
        self, store: Store, target: Target, options: Mapping[str, Any], stopping: threading.Event
    ) -> Mapping[str, Any]:
        if not offsite.is_configured():
            raise BackupUsageError("No bucket is configured: set BACKUP_S3_BUCKET.")
        missing = [one for one in store.manifests(target.name) if offsite.is_missing(one)]
        if options["dry_run"]:
            return {"copied": [], "without_copy": len(missing), "removed": []}
        trouble = _deliver(store, target, [], stopping).trouble
        mirror(store, target.name)
        left = {one.name for one in store.manifests(target.name) if offsite.is_missing(one)}
        if trouble:
            raise CommandError(f"{len(left)} backups are NOT off-site. {' '.join(trouble)}", returncode=FAILED)
        copied = [one.name for one in missing if one.name not in left]
        return {"copied": copied, "without_copy": len(left), "removed": []}

    def _tell(self, leaving: Verdict[Manifest], what: str, options: Mapping[str, Any]) -> None:
        if options["format"] != "text":
            return
        for one in leaving.gone:
            self.stdout.write(f"{one.name} {what}")
        if leaving.spared_because:
            self.stdout.write(self.style.WARNING(f"No old one {what}: {leaving.spared_because}."))


def _deliver(store: Store, target: Target, gone: list[Manifest], stopping: threading.Event) -> Delivered:
    """Let the bucket follow; without one, copies of what is gone stay wherever they are."""
    if offsite.is_configured():
        return courier.deliver(store, target.name, gone=gone, should_stop=stopping.is_set)
    return Delivered(still_there={one.name: "no bucket is configured" for one in gone if one.is_offsite})


def _expected(store: Store, database: str) -> int:
    """Return how many bytes pg_dump may write, going by the last time; 0 when nobody knows."""
    last = store.newest_verified(database)
    return last.file.raw_size if last else 0
