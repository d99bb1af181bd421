"""Base backups: a folder with a copy of the cluster, and a manifest of ours beside it. Without it, no base backup."""

from __future__ import annotations

import json
import logging
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backups.errors import BackupCorruptError
from backups.pitr.archive import Archive
from backups.pitr.segments import number_at, number_before
from config.durable import PARTIAL, replace_file, sync_folder

logger = logging.getLogger(__name__)

SCHEMA = 1
SUFFIX = ".json"
_NAME = re.compile(r"base-\d{8}T\d{6}Z-[0-9a-f]{6}")


@dataclass(frozen=True)
class Base:
    """One base backup; times are UTC by the server's clock, ``size`` is bytes on the disk.

    ``complete_at``: not before its last byte was copied, so nothing earlier can be recovered from it. It needs the WAL
    from ``start_lsn`` on, and holds it up to ``end_lsn`` itself. ``limits`` are the settings a standby must not go
    below. ``verified_at``: when every file last had the checksum of the server's own manifest; None: it is bad.
    """

    name: str
    started_at: datetime
    complete_at: datetime
    seconds: float
    size: int
    major: int
    system: int
    segment_size: int
    timeline: int
    start_lsn: int
    end_lsn: int
    database: str
    limits: Mapping[str, int]
    verified_at: datetime | None
    message: str = ""

    @property
    def first_segment(self) -> int:
        """Return the number of the first segment that belongs to it: older WAL is of no use to it."""
        return number_at(self.start_lsn, self.segment_size)

    @property
    def last_own_segment(self) -> int:
        """Return the number of the segment in which it ends, the first that must be in the archive."""
        return number_before(self.end_lsn, self.segment_size)


def folder_of(archive: Archive, base: Base) -> Path:
    """Return where its files are."""
    return archive.bases / base.name


def new_name() -> str:
    """Return a name that no base backup has: time (UTC) and chance."""
    return f"base-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def all_bases(archive: Archive) -> list[Base]:
    """Return those with a readable manifest and a folder, newest first."""
    found = []
    for path in archive.bases.glob(f"*{SUFFIX}"):
        if not _NAME.fullmatch(path.name.removesuffix(SUFFIX)):
            continue
        try:
            base = read(path)
        except (BackupCorruptError, OSError) as error:
            logger.warning("pitr.manifest_unreadable", extra={"file": path.name, "error": type(error).__name__})
            continue
        if folder_of(archive, base).is_dir():
            found.append(base)
    return sorted(found, key=lambda base: (base.complete_at, base.name), reverse=True)


def read(path: Path) -> Base:
    """Read a manifest. Raises BackupCorruptError, OSError."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        base = Base(
            name=str(data["name"]),
            started_at=_moment(data["started_at"]),
            complete_at=_moment(data["complete_at"]),
            seconds=float(data["seconds"]),
            size=int(data["size"]),
            major=int(data["major"]),
            system=int(data["system"]),
            segment_size=int(data["segment_size"]),
            timeline=int(data["timeline"]),
            start_lsn=int(data["start_lsn"]),
            end_lsn=int(data["end_lsn"]),
            database=str(data["database"]),
            limits={str(name): int(value) for name, value in data["limits"].items()},
            verified_at=_moment(data["verified_at"]) if data["verified_at"] else None,
            message=str(data["message"]),
        )
        _require(data["schema"] == SCHEMA and base.name == path.name.removesuffix(SUFFIX), "it is about another")
        _require(base.segment_size > 0 and not base.segment_size & (base.segment_size - 1), "segment_size")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BackupCorruptError(f"{path} is no manifest of a base backup: {error}.") from error
    return base


def write(archive: Archive, base: Base) -> None:
    """Write its manifest, whole or not at all, and wait until it is on the disk: from then on it exists."""
    data: dict[str, Any] = asdict(base) | {"schema": SCHEMA}
    write_private(archive.bases / f"{base.name}{SUFFIX}", data)


def write_private(path: Path, data: Mapping[str, Any]) -> None:
    """Replace a 0600 JSON file atomically and durably. Times become ISO text."""
    replace_file(path, json.dumps(data, default=lambda moment: moment.isoformat(), indent=1, sort_keys=True))


def remove(archive: Archive, base: Base) -> None:
    """Delete one: its manifest first, so that a crash leaves no half of a base backup that looks whole."""
    (archive.bases / f"{base.name}{SUFFIX}").unlink(missing_ok=True)
    sync_folder(archive.bases)
    shutil.rmtree(folder_of(archive, base))


def sweep(archive: Archive) -> list[str]:
    """Remove what killed runs left: unfinished folders, and ours that never got a manifest. Only under the lock."""
    gone = []
    for path in archive.bases.iterdir():
        unfinished = path.name.startswith(PARTIAL) or (
            bool(_NAME.fullmatch(path.name)) and not (archive.bases / f"{path.name}{SUFFIX}").exists()
        )
        if not unfinished:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        gone.append(path.name)
        logger.warning("pitr.unfinished_removed", extra={"file": path.name})
    return gone


def _require(true: bool, otherwise: str) -> None:
    if not true:
        raise ValueError(otherwise)


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"a time without a zone: {text}")
    return found
