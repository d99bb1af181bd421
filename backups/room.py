"""Whether a second database fits on the server's disk. It can be known where the server is the embedded one."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from backups.errors import BackupSpaceError
from backups.manifest import Manifest
from backups.storage import MARGIN, Store
from backups.target import Connection
from config import embedded_postgres

_MOST = 2
"""A database is not larger than so many times its archive, which has no indexes: what is more is bloat."""


def require_room(session: Connection, manifest: Manifest, beside: str, *, workplace: Store) -> None:
    """Raise BackupSpaceError unless a backup restored beside the database ``beside`` fits on the server's disk.

    So does the unpacked archive in ``workplace``, where that is the same disk. Of another machine's disk nothing is
    known, and nothing is said.
    """
    folder = folder_of_databases(session)
    if folder is None:
        return
    needed = _size(session, manifest, beside)
    if folder.stat().st_dev == workplace.folder.stat().st_dev:
        needed += manifest.file.raw_size
    free = shutil.disk_usage(folder).free
    if free < needed * MARGIN:
        raise BackupSpaceError(
            f"The disk of the database server ({folder}) has {free // 2**20} MB free, "
            f"{int(needed * MARGIN) // 2**20 + 1} MB are needed for a second database beside {beside!r}. Free some "
            "space; restore_db --drop-old drops the databases that earlier restores have replaced."
        )


def folder_of_databases(session: Connection) -> Path | None:
    """Return the folder that a new database's files go to; None when nobody here can know."""
    url = embedded_postgres.url_of_running_server(settings.DATA_DIR)
    if url is None:
        return None
    there = urlsplit(url)
    if (there.hostname, there.port) != (session.info.host, session.info.port):
        return None
    folder = embedded_postgres.home(settings.DATA_DIR) / "data" / "base"
    return folder if folder.is_dir() else None


def _size(session: Connection, manifest: Manifest, beside: str) -> int:
    """Return about how large the restored database will be, going by the live one if there is one."""
    row = session.execute("SELECT pg_database_size(oid) FROM pg_database WHERE datname = %s", [beside]).fetchone()
    raw = manifest.file.raw_size
    return min(max(int(row[0]), raw), raw * _MOST) if row else raw
