"""The manifest beside each dump: what it is, what it holds, whether it was found good. Without it, no backup."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from backups.dump import PARTIAL, Dumped, sync_folder
from backups.errors import BackupCorruptError
from backups.facts import Facts

SCHEMA = 1
SUFFIX = ".json"
DUMP_SUFFIX = ".dump.gz"
FULL_READ = 2
DRILL = 3


@dataclass(frozen=True)
class Verification:
    """The last judgement. ``level``: 1 checksum, 2 read to the end, 3 restored and compared."""

    level: int
    at: datetime
    ok: bool
    seconds: float
    message: str = ""


@dataclass(frozen=True)
class Manifest:
    """One backup. ``taken_at`` is not after its snapshot, by the server's clock (UTC); ``seconds`` is how long it took.

    ``settings`` is what belongs to the database as such and is in no dump: see ``backups.database``.
    """

    name: str
    database: str
    kind: str
    taken_at: datetime
    seconds: float
    file: Dumped
    pg_dump_major: int
    facts: Facts
    settings: Mapping[str, Any]
    pinned: bool = False
    verified: Verification | None = None
    drilled_at: datetime | None = None

    @property
    def is_verified(self) -> bool:
        """Whether it was read to its end, or restored, and found good, and nothing bad was found since."""
        return self.verified is not None and self.verified.ok and self.verified.level >= FULL_READ

    @property
    def file_name(self) -> str:
        """Return the dump's file name."""
        return f"{self.name}{DUMP_SUFFIX}"

    @property
    def rows(self) -> int:
        """Return the rows of all tables."""
        return sum(self.facts.rows.values())

    def to_json(self) -> str:
        """Return the file's text."""
        data = asdict(self) | {
            "schema": SCHEMA,
            "engine": "postgresql",
            "format": "pg_dump custom, gzip",
            "facts": self.facts.as_dict(),
        }
        return json.dumps(data, default=_plain, indent=1, sort_keys=True) + "\n"


def read(path: Path) -> Manifest:
    """Read a manifest. Raises BackupCorruptError when it is none of ours or damaged, OSError."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        _require(data["schema"] == SCHEMA and data["engine"] == "postgresql", f"{data['engine']}, {data['schema']}")
        found = Manifest(
            name=str(data["name"]),
            database=str(data["database"]),
            kind=str(data["kind"]),
            taken_at=_moment(data["taken_at"]),
            seconds=float(data["seconds"]),
            file=Dumped(
                size=int(data["file"]["size"]),
                sha256=str(data["file"]["sha256"]),
                raw_size=int(data["file"]["raw_size"]),
                raw_sha256=str(data["file"]["raw_sha256"]),
            ),
            pg_dump_major=int(data["pg_dump_major"]),
            facts=Facts.from_dict(data["facts"]),
            settings=dict(data["settings"]),
            pinned=bool(data["pinned"]),
            verified=_verification(data["verified"]),
            drilled_at=_moment(data["drilled_at"]) if data["drilled_at"] else None,
        )
        _require(found.name == path.name.removesuffix(SUFFIX), f"it is about {found.name}")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BackupCorruptError(f"{path} is no manifest of this program: {error}.") from error
    return found


def write(manifest: Manifest, folder: Path) -> Path:
    """Write it, whole or not at all, and wait until it is on the disk: from then on the backup exists."""
    path = folder / f"{manifest.name}{SUFFIX}"
    scratch = folder / f"{PARTIAL}{path.name}"
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(manifest.to_json())
        file.flush()
        os.fsync(handle)
    scratch.rename(path)
    sync_folder(folder)
    return path


def _require(true: bool, otherwise: str) -> None:
    if not true:
        raise ValueError(otherwise)


def _verification(data: Mapping[str, Any] | None) -> Verification | None:
    if data is None:
        return None
    return Verification(
        level=int(data["level"]),
        at=_moment(data["at"]),
        ok=bool(data["ok"]),
        seconds=float(data["seconds"]),
        message=str(data["message"]),
    )


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"a time without a zone: {text}")
    return found


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
