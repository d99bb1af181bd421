"""Which backup ``--latest`` means, what was passed over for it, and what is left when the chosen one is bad."""

from __future__ import annotations

from datetime import UTC, datetime

from backups.errors import BackupUsageError
from backups.making import DAILY
from backups.manifest import Manifest
from backups.storage import Store

_SHOWN = 5


def newest_good(store: Store, database: str) -> tuple[Manifest, list[str]]:
    """Return the newest backup that was found good, and a sentence about each newer one that is passed over.

    Never the copy that an earlier restore made of what it replaced: that is what somebody wanted to be rid of. Raises
    BackupUsageError that says what there is instead.
    """
    found = store.newest_verified(database, kind=DAILY)
    if found is None:
        instead = _instead(store, database)
        raise BackupUsageError(f"No backup of {database!r} in {store.folder} was found good. {instead}")
    newer = [one for one in store.manifests(database) if one.taken_at > found.taken_at]
    return found, [f"Passed over {one.name}: {_why_not(one, store)}." for one in newer[:_SHOWN]]


def what_is_left(store: Store, database: str) -> str:
    """Return what an operator can do when the backup that he wanted has turned out to be bad."""
    found = store.newest_verified(database, kind=DAILY)
    if found is None:
        return f"No other one was found good. {_instead(store, database)}"
    return f"The newest one that was found good is {found.name}: manage.py restore_db {found.name}"


def _why_not(manifest: Manifest, store: Store) -> str:
    if manifest.kind != DAILY:
        return "a restore made it of what it replaced; to have that back, restore it by its name"
    if manifest.taken_at > datetime.now(UTC):
        return "it is from the future, so some clock is wrong"
    if not store.is_there(manifest):
        return "its file is missing, or has another size than it had"
    if manifest.verified is None:
        return f"nobody has checked it (manage.py verify_backup {manifest.name})"
    if not manifest.verified.ok:
        return f"it was found bad: {manifest.verified.message.rstrip('.')}"
    return "only its checksum was compared"


def _instead(store: Store, database: str) -> str:
    """Say what the folder holds."""
    if there := store.manifests(database):
        return f"Check one: manage.py verify_backup {there[0].name}"
    if others := sorted({one.database for one in store.manifests()}):
        names = ", ".join(repr(name) for name in others[:_SHOWN])
        return f"It holds backups of {names}; manage.py list_backups --all names them, restore_db takes any by name."
    return "It holds no backup at all: is BACKUP_DIR the right folder?"
