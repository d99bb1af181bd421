"""Is a backup good?"""

from __future__ import annotations

import argparse
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backups import encryption, storage
from backups.commands import BackupCommand, facts_of
from backups.errors import BackupCorruptError, BackupUsageError
from backups.lock import held
from backups.manifest import CHECKSUM, DRILL, FULL_READ, Manifest, Verification
from backups.mirror import mirror
from backups.storage import Store
from backups.target import shop_database
from backups.verify import verify

_HOW = {1: "checksum", 2: "read to its end", 3: "restored and compared"}


class Command(BackupCommand):
    """Checks one backup and writes the judgement into its manifest; exit 1 when it is bad."""

    help = "Check a backup: 1 checksum, 2 read to its end, 3 restore it into a scratch database and compare."
    changes_something = False
    examples = """\
examples:
  manage.py verify_backup --latest             the newest one, read to its end
  manage.py verify_backup --latest --level 3   restore drill
  manage.py verify_backup --latest --level 3 --identity /media/usb/shop.key      of an encrypted one
  manage.py verify_backup --latest --level 3 --as-far-as-possible                cron does this every night
  manage.py verify_backup /mnt/usb/shop-20261128T020000Z-1a2b3c.dump.gz
"""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        super().add_arguments(parser)
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("file", nargs="?", help="a backup's name, or the path of its dump")
        what.add_argument("--latest", action="store_true", help="the newest backup (none from the future)")
        parser.add_argument("--level", type=int, choices=[1, 2, 3], default=2, help="how thoroughly (default 2)")
        parser.add_argument("--identity", type=Path, metavar="FILE", help="the private key of an encrypted backup")
        parser.add_argument(
            "--as-far-as-possible",
            action="store_true",
            help="without the private key compare checksums only, and say so, instead of refusing",
        )

    def act(
        self,
        *,
        stopping: threading.Event,
        file: str | None,
        latest: bool,
        level: int,
        identity: Path | None,
        as_far_as_possible: bool,
        **options: Any,
    ) -> Mapping[str, Any]:
        target, own = shop_database(), storage.shop_store()
        identities = encryption.read_identities(identity) if identity else ()
        wanted = level
        own.prepare()
        with held(own.folder, target if level >= DRILL else None):
            own.sweep()
            if file is not None:
                store, manifest = storage.find(file)
            else:
                store, manifest = own, _newest(own, target.name)
            if as_far_as_possible and manifest.is_encrypted and not identities:
                level = CHECKSUM
            try:
                judged = verify(
                    store,
                    manifest,
                    level=level,
                    target=target,
                    identities=identities,
                    should_stop=stopping.is_set,
                )
            finally:
                if store.folder == own.folder:
                    mirror(own, target.name)
        if judged.verified is not None and not judged.verified.ok:
            raise BackupCorruptError(_what_stands(judged, judged.verified, level))
        return facts_of(judged) | {"level": level, "asked": wanted}

    def summary(self, facts: Mapping[str, Any]) -> str:
        """Return the judgement."""
        how = _HOW[facts["level"]]
        less = "" if facts["level"] == facts["asked"] else ", NOT drilled: encrypted, and no --identity was given"
        if facts["asked"] == FULL_READ and less:
            less = ", NOT read: encrypted, and no --identity was given"
        return f"{facts['backup']} is good ({how}){less}"


def _newest(store: Store, database: str) -> Manifest:
    """Return the newest backup; one from the future was made under a wrong clock, and would be the newest for long."""
    found, now = store.manifests(database), datetime.now(UTC)
    if not found:
        raise BackupUsageError(f"There is no backup of {database!r} in {store.folder}.")
    newest = next((one for one in found if one.taken_at <= now), None)
    if newest is None:
        raise BackupUsageError(
            f"Every backup of {database!r} in {store.folder} is from the future: a clock is, or was, wrong. Name one."
        )
    return newest


def _what_stands(manifest: Manifest, judged: Verification, level: int) -> str:
    """Say that an earlier and stronger check found it bad, and what would take that back."""
    key = " --identity FILE" if manifest.is_encrypted else ""
    return (
        f"This check of {manifest.name} found nothing ({_HOW[level]}), but a stronger one ({_HOW[judged.level]}) found "
        f"it bad on {judged.at:%Y-%m-%d %H:%M} UTC: {judged.message.rstrip('.')}. That stands; only a check as strong "
        f"takes it back: manage.py verify_backup {manifest.name} --level {judged.level}{key}"
    )
