"""Which base backups and which WAL may go."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.conf import settings

from backups.pitr import bases
from backups.pitr.archive import Archive
from backups.pitr.bases import Base
from backups.pitr.script import CHECKSUM
from backups.pitr.segments import NAME, parse
from config.durable import sync_folder

logger = logging.getLogger(__name__)


def surplus(found: Sequence[Base], *, keep: int, days: int, now: datetime) -> list[Base]:
    """Return the base backups that may go: those older than every one that must stay.

    The newest ``keep`` verified ones stay, and so does the one that reaches back ``days``: several made in an hour must
    not shorten how far back one can go. While there are no more good ones than that, nothing goes.
    """
    good = sorted((base for base in found if base.verified_at), key=lambda base: base.complete_at, reverse=True)
    reaching = next((base for base in good if base.complete_at <= now - timedelta(days=days)), None)
    if len(good) <= keep or reaching is None:
        return []
    oldest_kept = min(good[keep - 1].complete_at, reaching.complete_at)
    return [base for base in found if base.complete_at < oldest_kept]


def prune(archive: Archive, *, dry_run: bool = False) -> tuple[list[Base], list[str]]:
    """Delete the base backups that may go and the WAL that none of the rest needs; return both.

    The caller holds the lock. Nothing goes while there is no verified base backup. WAL goes by its position and only
    what stands before the first segment of *every* base backup that stays, on whichever timeline; files that are no
    segments of these base backups' size stay, except the checksums and notes of what goes.
    """
    found = bases.all_bases(archive)
    going = surplus(
        found, keep=max(1, settings.PITR_KEEP_BASES), days=max(0, settings.PITR_KEEP_DAYS), now=datetime.now(UTC)
    )
    staying = [base for base in found if base not in going]
    if not any(base.verified_at for base in staying):
        return [], []
    if not dry_run:
        for base in going:
            bases.remove(archive, base)
            logger.info("pitr.base_removed", extra={"base": base.name})
    old = _segments_before(archive, staying)
    if not dry_run:
        for name in old:
            (archive.wal / name).unlink(missing_ok=True)
        if old:
            sync_folder(archive.wal)
            logger.info("pitr.wal_removed", extra={"files": len(old), "up_to": old[-1]})
    return going, old


def _segments_before(archive: Archive, staying: Sequence[Base]) -> list[str]:
    """Return the names of segments, with what belongs to each, that no base backup needs. In order."""
    size = staying[0].segment_size
    if any(base.segment_size != size for base in staying):
        return []  # two clusters share this folder: nobody can say whose WAL is whose
    first = min(base.first_segment for base in staying)
    gone = []
    for path in archive.wal.iterdir():
        # 000000010000000000000005, and of it .sha256, .partial and .00000028.backup
        name, _, kind = path.name.partition(".")
        belongs = kind in {"", "partial"} or f".{kind}".endswith(CHECKSUM) or kind.endswith("backup")
        if not NAME.fullmatch(name) or not belongs:
            continue
        try:
            number = parse(name, size).number
        except ValueError:
            continue
        if number < first:
            gone.append(path.name)
    return sorted(gone)
