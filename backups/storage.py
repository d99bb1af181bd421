"""The folder of backups: what is in it, what is newest, what may come and go."""

from __future__ import annotations

import logging
import os
import pwd
import re
import secrets
import shutil
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from backups import manifest as manifests
from backups.dump import ending
from backups.errors import BackupCorruptError, BackupRefusedError, BackupSpaceError, BackupUsageError
from backups.manifest import DAILY, NAME, SUFFIX, Manifest
from backups.packing import COMPRESSIONS
from backups.target import shop_database
from config.durable import PARTIAL, sync_folder

logger = logging.getLogger(__name__)

MARGIN = 1.2
_WHO_MAY = "Run this as the user whom the shop runs as and whose folder it is, or set another folder."
_ENDINGS = tuple(ending(compression, encrypted=known) for compression in COMPRESSIONS for known in (True, False))


class Store:
    """One folder. Only manifests count: a dump without one is a backup that never was finished, or somebody else's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self, *, own: bool = True) -> None:
        """Make the folder for our eyes only; an existing one is closed to others if it is the shop's ``own``.

        Raises BackupRefusedError when others can look into it and that cannot be changed, BackupUsageError when we
        cannot work in it ourselves.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if own and stat.S_IMODE(self.folder.stat().st_mode) & 0o077:
                self.folder.chmod(0o700)
        except OSError as error:
            raise BackupRefusedError(f"{self.folder} cannot be made a private folder: {error.strerror}.") from error
        self.require_readable()
        if not os.access(self.folder, os.W_OK | os.X_OK, effective_ids=True):
            raise BackupUsageError(f"{self.folder} cannot be written to by {_whoami()}. {_WHO_MAY}")

    def require_readable(self) -> None:
        """Raise BackupUsageError when the folder is not there or not ours to read, which is not the same as empty."""
        try:
            with os.scandir(self.folder):
                pass
        except (FileNotFoundError, NotADirectoryError) as error:
            raise BackupUsageError(
                f"There is no folder {self.folder}. Is its disk mounted, and is BACKUP_DIR the right folder?"
            ) from error
        except OSError as error:
            raise BackupUsageError(
                f"{self.folder} cannot be read by {_whoami()} ({error.strerror}). {_WHO_MAY}"
            ) from error

    def sweep(self) -> list[str]:
        """Remove what killed runs left, and return the names. Only while holding the lock."""
        gone = []
        for path in self.folder.glob(f"{PARTIAL}*"):
            path.unlink(missing_ok=True)
            gone.append(path.name)
            logger.warning("backup.partial_removed", extra={"file": path.name})
        return gone

    def new_name(self, database: str) -> str:
        """Return a name that no backup has: database, time (UTC), chance."""
        return f"{_slug(database)}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"

    def manifests(self, database: str | None = None) -> list[Manifest]:
        """Return the backups of ``database`` (or all), newest first. A manifest that cannot be read is logged."""
        found = []
        for path in self.folder.glob(f"*{SUFFIX}"):
            if not NAME.fullmatch(path.name.removesuffix(SUFFIX)):
                continue
            try:
                manifest = manifests.read(path)
            except (BackupCorruptError, OSError) as error:
                logger.warning("backup.manifest_unreadable", extra={"file": path.name, "error": type(error).__name__})
                continue
            if database is None or manifest.database == database:
                found.append(manifest)
        return sorted(found, key=lambda one: (one.taken_at, one.name), reverse=True)

    def without_manifest(self) -> list[str]:
        """Return dumps of ours that never got their manifest: not backups, and nobody removes them."""
        return sorted(
            path.name
            for path in self.folder.iterdir()
            if (name := without_ending(path.name)) != path.name
            and NAME.fullmatch(name)
            and not (self.folder / f"{name}{SUFFIX}").exists()
        )

    def unreadable(self) -> dict[str, str]:
        """Return the names of what may be backups and cannot be judged, with the reason."""
        found = dict.fromkeys(
            (without_ending(name) for name in self.without_manifest()),
            "it has no manifest: it never was finished, or that was not copied along",
        )
        for path in self.folder.glob(f"*{SUFFIX}"):
            if NAME.fullmatch(name := path.name.removesuffix(SUFFIX)):
                try:
                    manifests.read(path)
                except BackupCorruptError:
                    found[name] = "its manifest is damaged"
                except OSError as error:
                    found[name] = f"its manifest cannot be read ({error.strerror})"
        return found

    def newest_verified(self, database: str, *, kind: str | None = None) -> Manifest | None:
        """Return the newest backup (of a kind) that was found good and whose file still is there in full size."""
        now = datetime.now(UTC)
        for manifest in self.manifests(database):
            if kind is not None and manifest.kind != kind:
                continue
            # One from the future was made under a wrong clock; it says nothing about being the newest.
            if manifest.is_verified and manifest.taken_at <= now and self.is_there(manifest):
                return manifest
        return None

    def is_there(self, manifest: Manifest) -> bool:
        """Return whether the dump's file exists in the right size. Reads nothing of it."""
        try:
            return self.path_of(manifest).stat().st_size == manifest.file.size
        except OSError:
            return False

    def path_of(self, manifest: Manifest) -> Path:
        """Return where the dump is."""
        return self.folder / manifest.file_name

    def remove(self, manifest: Manifest) -> None:
        """Delete a backup: the dump first, its manifest last, so that a crash leaves no file without a name."""
        self.path_of(manifest).unlink(missing_ok=True)
        (self.folder / f"{manifest.name}{SUFFIX}").unlink(missing_ok=True)
        sync_folder(self.folder)

    def require_space(self, needed: int) -> None:
        """Raise BackupSpaceError unless ``needed`` bytes and a margin are free."""
        free = shutil.disk_usage(self.folder).free
        if free < needed * MARGIN:
            raise BackupSpaceError(
                f"{self.folder} has {free // 2**20} MB free, {int(needed * MARGIN) // 2**20 + 1} MB are needed. "
                "Free some space, or set BACKUP_DIR to another disk."
            )


def _whoami() -> str:
    try:
        return f"the user {pwd.getpwuid(os.geteuid()).pw_name!r}"
    except KeyError:
        return f"the user {os.geteuid()}"


def without_ending(file_name: str) -> str:
    """Return the backup's name in a dump's file name; what has no such ending comes back as it is."""
    return next((file_name.removesuffix(known) for known in _ENDINGS if file_name.endswith(known)), file_name)


def _slug(database: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "_", database).lstrip("-") or "database"


def is_of(name: str, database: str) -> bool:
    """Return whether a backup's name is one that ``new_name`` gives to this database's."""
    return name.rsplit("-", 2)[0] == _slug(database)


def bare_name(text: str) -> str:
    """Return the name of a backup that somebody gave with or without a folder and an ending."""
    return without_ending(Path(text).name.removesuffix(SUFFIX))


def shop_store() -> Store:
    """Return the folder that BACKUP_DIR names."""
    return Store(settings.BACKUP_DIR)


def find(text: str) -> tuple[Store, Manifest]:
    """Return the backup that a person names: by its name, or by the path of its dump or manifest.

    Raises BackupUsageError when there is none or it is not ours to read, BackupCorruptError when its manifest is
    missing or damaged.
    """
    try:
        return _find(text)
    except OSError as error:
        raise BackupUsageError(f"{text} cannot be read by {_whoami()} ({error.strerror}).") from error


def _find(text: str) -> tuple[Store, Manifest]:
    given = Path(text)
    if os.sep in text and given.is_dir():
        raise BackupUsageError(f"{text} is a folder; name a backup in it, or set BACKUP_DIR to it and say --latest.")
    name = bare_name(text)
    folder = given.parent if os.sep in text or given.exists() else settings.BACKUP_DIR
    manifest_path = folder / f"{name}{SUFFIX}"
    if not manifest_path.exists():
        if given.exists() or any((folder / f"{name}{known}").exists() for known in _ENDINGS):
            raise BackupCorruptError(
                f"{text} has no manifest beside it ({manifest_path.name}): it was never finished, or the manifest was "
                "not copied along. Without it nothing can be checked."
            )
        alike = [one.name for one in Store(folder).manifests() if name and one.name.startswith(name)]
        these = f" These begin so: {', '.join(alike[:5])}." if alike else ""
        raise BackupUsageError(f"There is no backup {text!r}; `manage.py list_backups` shows what there is.{these}")
    return Store(folder), manifests.read(manifest_path)


def opened(name: str) -> tuple[BinaryIO, Manifest]:
    """Open a backup of the shop's own folder for reading, by its name and nothing else.

    Raises BackupUsageError for what is no name or not there, BackupCorruptError when its file or manifest is damaged.
    """
    store = shop_store()
    if not NAME.fullmatch(name):
        raise BackupUsageError(f"{name!r} is no name of a backup.")
    try:
        manifest = manifests.read(store.folder / f"{name}{SUFFIX}")
        if not store.is_there(manifest):
            raise BackupCorruptError(f"{store.path_of(manifest)} is missing or has another size.")
        return store.path_of(manifest).open("rb"), manifest
    except OSError as error:
        raise BackupUsageError(f"{name} is not in {store.folder}.") from error


def opened_manifest(name: str) -> tuple[BinaryIO, str]:
    """Open a manifest of the shop's own folder by its backup's name and nothing else, and return its file name too.

    Raises BackupUsageError for what is no name or not there, BackupCorruptError when it is damaged.
    """
    store = shop_store()
    if not NAME.fullmatch(name):
        raise BackupUsageError(f"{name!r} is no name of a backup.")
    path = store.folder / f"{name}{SUFFIX}"
    try:
        manifests.read(path)
        return path.open("rb"), path.name
    except OSError as error:
        raise BackupUsageError(f"{name} is not in {store.folder}.") from error


def newest_verified_at() -> datetime | None:
    """Return when the newest daily backup that was found good was taken (aware, UTC), or None. Needs no database.

    Of the other kinds ``--latest`` takes none, so they do not count.
    """
    found = shop_store().newest_verified(shop_database().name, kind=DAILY)
    return found.taken_at if found else None
