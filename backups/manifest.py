"""The manifest beside each dump: what it is, what it holds, whether it was found good. Without it, no backup."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backups.dump import Dumped
from backups.errors import BackupCorruptError
from backups.facts import Facts
from backups.packing import COMPRESSIONS, GZIP
from config.durable import replace_file

SCHEMA = 2
READABLE = (1, 2)
"""1 knew gzip only, no encryption, no copy elsewhere, and of a pin only that there is one."""
SUFFIX = ".json"
NAME = re.compile(r"[A-Za-z0-9_-]+-\d{8}T\d{6}Z-[0-9a-f]{6}")
CHECKSUM = 1
FULL_READ = 2
DRILL = 3
DAILY, SAFETY = "daily", "safety"
"""The nightly backup, or one by hand; what a restore made of what it replaced. ``pitr`` has a kind of its own."""
ON_DISK, IN_PASSING = "the file on the disk", "before it was encrypted"


@dataclass(frozen=True)
class Verification:
    """The last judgement. ``level``: 1 checksum, 2 read to the end, 3 restored and compared.

    ``what`` was read to the end: ON_DISK, or IN_PASSING, since an encrypted file cannot be read without the private
    key; its checksum on the disk was compared all the same.
    """

    level: int
    at: datetime
    ok: bool
    seconds: float
    message: str = ""
    what: str = ON_DISK


@dataclass(frozen=True)
class Offsite:
    """The copy in a bucket: under which names and versions (empty: the bucket has none), and since when.

    ``error`` says why there is none yet; the names are empty then.
    """

    bucket: str
    at: datetime
    name: str = ""
    version: str = ""
    manifest_name: str = ""
    manifest_version: str = ""
    error: str = ""


@dataclass(frozen=True)
class Manifest:
    """One backup. ``taken_at`` is not after its snapshot, by the server's clock (UTC); ``seconds`` is how long it took.

    ``settings`` is what belongs to the database as such and is in no dump: see ``backups.database``. ``pinned`` says
    why it is never removed; empty: it may be.
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
    pinned: str = ""
    verified: Verification | None = None
    drilled_at: datetime | None = None
    offsite: Offsite | None = None

    @property
    def is_verified(self) -> bool:
        """Whether it was read to its end, or restored, and found good, and nothing bad was found since."""
        return self.verified is not None and self.verified.ok and self.verified.level >= FULL_READ

    @property
    def made_at(self) -> datetime:
        """When it was made, as its name says; the moment that it is of may be long before."""
        return moment_in(self.name) or self.taken_at

    @property
    def is_encrypted(self) -> bool:
        """Whether only the holder of a private key can read it."""
        return bool(self.file.recipients)

    @property
    def is_offsite(self) -> bool:
        """Whether there is a copy in a bucket that was read back and found equal."""
        return self.offsite is not None and not self.offsite.error

    @property
    def file_name(self) -> str:
        """Return the dump's file name."""
        return f"{self.name}{self.file.ending}"

    @property
    def rows(self) -> int:
        """Return the rows of all tables."""
        return sum(self.facts.rows.values())

    def to_json(self) -> str:
        """Return the file's text."""
        data = asdict(self) | {
            "schema": SCHEMA,
            "engine": "postgresql",
            "format": "pg_dump custom",
            "facts": self.facts.as_dict(),
        }
        return json.dumps(data, default=_plain, indent=1, sort_keys=True) + "\n"


def moment_in(name: str) -> datetime | None:
    """Return the time in a backup's name (aware, UTC); None when it is none."""
    if not NAME.fullmatch(name):
        return None
    try:
        return datetime.strptime(name.rsplit("-", 2)[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def read(path: Path) -> Manifest:
    """Read a manifest. Raises BackupCorruptError when it is none of ours or damaged, OSError."""
    found = parse(path.read_text(encoding="utf-8", errors="replace"), str(path))
    if found.name != path.name.removesuffix(SUFFIX):
        raise BackupCorruptError(f"{path} is no manifest of this program: it is about {found.name}.")
    return found


def parse(text: str, where: str) -> Manifest:
    """Read the text of a manifest. Raises BackupCorruptError, which says ``where`` it was."""
    try:
        data = json.loads(text)
        schema = int(data["schema"])
        _require(schema in READABLE and data["engine"] == "postgresql", f"{data['engine']}, schema {schema}")
        found = Manifest(
            name=str(data["name"]),
            database=str(data["database"]),
            kind=str(data["kind"]),
            taken_at=_moment(data["taken_at"]),
            seconds=float(data["seconds"]),
            file=_file(data["file"]),
            pg_dump_major=int(data["pg_dump_major"]),
            facts=Facts.from_dict(data["facts"]),
            settings=dict(data["settings"]),
            pinned=_reason(data["pinned"]),
            verified=_verification(data["verified"]),
            drilled_at=_moment(data["drilled_at"]) if data["drilled_at"] else None,
            offsite=_offsite(data.get("offsite")),
        )
        _require(re.fullmatch(r"[A-Za-z0-9_-]+", found.name) is not None, "its name is none")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BackupCorruptError(f"{where} is no manifest of this program: {error}.") from error
    return found


def write(manifest: Manifest, folder: Path) -> Path:
    """Write it, whole or not at all, and wait until it is on the disk: from then on the backup exists."""
    path = folder / f"{manifest.name}{SUFFIX}"
    replace_file(path, manifest.to_json())
    return path


def _require(true: bool, otherwise: str) -> None:
    if not true:
        raise ValueError(otherwise)


def _file(data: Mapping[str, Any]) -> Dumped:
    compression = str(data.get("compression", GZIP))
    _require(compression in COMPRESSIONS, f"packed by {compression}")
    return Dumped(
        size=int(data["size"]),
        sha256=str(data["sha256"]),
        raw_size=int(data["raw_size"]),
        raw_sha256=str(data["raw_sha256"]),
        compression=compression,
        recipients=tuple(str(key) for key in data.get("recipients", ())),
    )


def _reason(data: object) -> str:
    if isinstance(data, bool):
        return "pinned without a reason" if data else ""
    return str(data)


def _offsite(data: Mapping[str, Any] | None) -> Offsite | None:
    if data is None:
        return None
    return Offsite(
        bucket=str(data["bucket"]),
        at=_moment(data["at"]),
        name=str(data["name"]),
        version=str(data["version"]),
        manifest_name=str(data["manifest_name"]),
        manifest_version=str(data["manifest_version"]),
        error=str(data["error"]),
    )


def _verification(data: Mapping[str, Any] | None) -> Verification | None:
    if data is None:
        return None
    return Verification(
        level=int(data["level"]),
        at=_moment(data["at"]),
        ok=bool(data["ok"]),
        seconds=float(data["seconds"]),
        message=str(data["message"]),
        what=str(data.get("what", ON_DISK)),
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
