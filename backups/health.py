"""How well the shop is backed up, as facts for whoever watches: read from the manifests, without a database."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings

from backups import database, offsite
from backups.manifest import DAILY, Manifest
from backups.storage import MARGIN, shop_store
from backups.target import shop_database

KEEP_OLD = timedelta(days=7)
"""So long a database that a restore replaced is nobody's oversight."""
KEEP_RESTORE = timedelta(hours=6)


@dataclass(frozen=True)
class Health:
    """The good daily backups, newest first, and bytes free beside them (None: there is no such folder here)."""

    good: tuple[Manifest, ...]
    free: int | None
    now: datetime

    @property
    def since_drill(self) -> timedelta | None:
        """How long no backup was restored on trial; before the first drill since the oldest backup. None: no backup."""
        if not self.good:
            return None
        drilled = [one.drilled_at for one in self.good if one.drilled_at is not None]
        return self.now - (max(drilled) if drilled else self.good[-1].taken_at)

    @property
    def is_encrypted(self) -> bool:
        """Whether the newest can be drilled only by somebody who brings the private key."""
        return bool(self.good) and self.good[0].is_encrypted

    @property
    def without_copy(self) -> tuple[Manifest, ...]:
        """Return those with no copy in the bucket that is configured; none when no bucket is."""
        return tuple(one for one in self.good if offsite.is_missing(one)) if offsite.is_configured() else ()

    @property
    def offsite_lag(self) -> timedelta | None:
        """How old the newest copy is; the oldest backup's age when there is none. None: no bucket, or no backup."""
        if not self.good or not offsite.is_configured():
            return None
        there = [one.taken_at for one in self.good if not offsite.is_missing(one)]
        return self.now - (there[0] if there else self.good[-1].taken_at)

    @property
    def shrunk(self) -> tuple[int, int] | None:
        """Return the sizes (archive, bytes) of the last but one and the last backup if it fell by half or more."""
        if len(self.good) < 2:
            return None
        before, after = self.good[1].file.raw_size, self.good[0].file.raw_size
        return (before, after) if after * 2 <= before else None

    @property
    def lacks_space(self) -> int | None:
        """Return the bytes that the next backup may need if they are not free."""
        if not self.good or self.free is None:
            return None
        needed = int(self.good[0].file.size * MARGIN)
        return needed if self.free < needed else None


def health() -> Health:
    """Look at the shop's own folder."""
    store, now = shop_store(), datetime.now(UTC)
    good = (
        one
        for one in store.manifests(shop_database().name)
        if one.kind == DAILY and one.is_verified and one.taken_at <= now and store.is_there(one)
    )
    free = shutil.disk_usage(store.folder).free if store.folder.is_dir() else None
    return Health(tuple(good), free, now)


def forgotten(names: Iterable[str], *, now: datetime) -> list[str]:
    """Return which of a server's databases restores of this shop left behind too long ago, oldest first."""
    own, found = shop_database().name, []
    known = list(names)
    for kind, allowed in ((database.OLD, KEEP_OLD), (database.RESTORE, KEEP_RESTORE)):
        for name in database.of_kind(known, own, kind):
            moment = database.moment_of(name, kind)
            if now - moment > allowed:
                found.append((moment, name))
    return [name for _, name in sorted(found)]


def drill_allowed(state: Health) -> timedelta:
    """Return how long there may be no drill: a person with a key cannot be asked to come every night."""
    if state.is_encrypted:
        return timedelta(days=settings.BACKUP_DRILL_MAX_AGE_DAYS)
    return timedelta(hours=settings.BACKUP_MAX_AGE_HOURS * 2)
