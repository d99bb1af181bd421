"""Which backup ``--latest`` means, what was passed over for it, and what is left when the chosen one is bad."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from backups.errors import BackupUsageError
from backups.making import DAILY, SAFETY
from backups.manifest import Manifest
from backups.offsite import Bucket
from backups.storage import Store

_SHOWN = 5


@dataclass(frozen=True)
class Shelf:
    """Where one is chosen: all that is there, newest first; the commands that list it and that check one of it."""

    place: str
    backups: Sequence[Manifest]
    is_there: Callable[[Manifest], bool]
    lists: str
    checks: str
    when_empty: str


def in_folder(store: Store) -> Shelf:
    """Return what a folder holds."""
    doubt = "It holds no backup at all: is BACKUP_DIR the right folder?"
    return Shelf(str(store.folder), store.manifests(), store.is_there, "list_backups --all", "verify_backup", doubt)


def in_bucket(bucket: Bucket) -> Shelf:
    """Return what the bucket holds: a manifest is copied after its dump. Raises BackupOffsiteError."""
    doubt = "It holds no backup at all: are BACKUP_S3_BUCKET and BACKUP_S3_PREFIX right?"
    return Shelf(
        f"the bucket {bucket.name}",
        bucket.manifests(),
        is_there=lambda _manifest: True,
        lists="list_backups --from-offsite",
        checks="restore_db --from-offsite",
        when_empty=doubt,
    )


def newest_good(shelf: Shelf, database: str) -> tuple[Manifest, list[str]]:
    """Return the newest backup that was found good, and a sentence about each newer one that is passed over.

    Never the copy that an earlier restore made of what it replaced: that is what somebody wanted to be rid of. Raises
    BackupUsageError that says what there is instead.
    """
    found = _newest_good(shelf, database)
    if found is None:
        instead = _instead(shelf, database)
        raise BackupUsageError(f"No backup of {database!r} in {shelf.place} was found good. {instead}")
    newer = [one for one in shelf.backups if one.database == database and one.taken_at > found.taken_at]
    return found, [f"Passed over {one.name}: {_why_not(one, shelf)}." for one in newer[:_SHOWN]]


def what_is_left(store: Store, database: str) -> str:
    """Return what an operator can do when the backup that he wanted has turned out to be bad."""
    shelf = in_folder(store)
    found = _newest_good(shelf, database)
    if found is None:
        return f"No other one was found good. {_instead(shelf, database)}"
    key = " --identity FILE" if found.is_encrypted else ""
    return f"The newest one that was found good is {found.name}: manage.py restore_db {found.name}{key}"


def _newest_good(shelf: Shelf, database: str) -> Manifest | None:
    fitting = (one for one in shelf.backups if one.database == database and not _why_not(one, shelf))
    return next(fitting, None)


def _why_not(manifest: Manifest, shelf: Shelf) -> str:
    """Say why it is not taken; nothing when it can be."""
    if manifest.kind not in {DAILY, SAFETY}:
        return "it is of a moment that somebody went back to; to have that, restore it by its name"
    if manifest.kind == SAFETY:
        return "a restore made it of what it replaced; to have that back, restore it by its name"
    if manifest.taken_at > datetime.now(UTC):
        return "it is from the future, so some clock is wrong"
    if not shelf.is_there(manifest):
        return "its file is missing, or has another size than it had"
    if manifest.verified is None:
        return f"nobody has checked it (manage.py {shelf.checks} {manifest.name})"
    if not manifest.verified.ok:
        return f"it was found bad: {manifest.verified.message.rstrip('.')}"
    return "" if manifest.is_verified else "only its checksum was compared"


def _instead(shelf: Shelf, database: str) -> str:
    """Say what the place holds."""
    if there := [one for one in shelf.backups if one.database == database]:
        return f"Check one: manage.py {shelf.checks} {there[0].name}"
    if others := sorted({one.database for one in shelf.backups}):
        names = ", ".join(repr(name) for name in others[:_SHOWN])
        return f"It holds backups of {names}; manage.py {shelf.lists} names them, restore_db takes any by name."
    return shelf.when_empty
