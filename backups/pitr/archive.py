"""The folder of point-in-time recovery, and what is in its WAL archive.

``wal``    written by the server's archive_command, one file per segment with its checksum beside it
``base``   base backups, each a folder and a manifest; ours alone
``drill.json``   how the last drill went
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from backups.errors import BackupUsageError
from backups.pitr.script import CHECKSUM, MARK
from backups.pitr.segments import HISTORY, NAME, Timeline, parse, parse_history
from backups.processes import CHUNK
from backups.target import Target, shop_database, target_of
from config import embedded_postgres
from config.embedded_postgres.account import Account
from config.env import env

# XLogLongPageHeaderData: magic, info, timeline, address, what remains of a record; system, segment and block size.
_HEADER = struct.Struct("=HHIQI4xQII")


@dataclass(frozen=True)
class Archive:
    """The folder ``folder`` and what is where in it."""

    folder: Path

    @property
    def wal(self) -> Path:
        """Return the folder of segments."""
        return self.folder / "wal"

    @property
    def bases(self) -> Path:
        """Return the folder of base backups."""
        return self.folder / "base"

    @property
    def script(self) -> Path:
        """Return where the archive script of the embedded server is."""
        return self.folder / "archive_wal.sh"

    @property
    def drill_file(self) -> Path:
        """Return where the last drill's result is."""
        return self.folder / "drill.json"

    @property
    def is_set_up(self) -> bool:
        """Return whether somebody has made it a WAL archive."""
        return (self.wal / MARK).is_file()

    def server_account(self) -> Account:
        """Return who a scratch cluster runs as: ourselves; when we are root, whoever owns the archived WAL."""
        if os.geteuid() != 0:
            return Account(os.geteuid(), os.getegid())
        owner = self.wal.stat()
        return Account(owner.st_uid, owner.st_gid)


def is_embedded() -> bool:
    """Return whether the shop's database is on the embedded server of DATA_DIR, up or down."""
    address = embedded_postgres.superuser_url(settings.DATA_DIR)
    if address is None:
        return False
    ours, target = target_of(env.db_url_config(address)), shop_database()
    # Port 1 is what settings say while the embedded server is down.
    return target.host == ours.host and target.port in {ours.port, "1"}


def place() -> Archive | None:
    """Return where point-in-time recovery has its files, or would have; None: a server of its own, no PITR_DIR.

    Raises BackupUsageError for a relative PITR_DIR.
    """
    if settings.PITR_DIR:
        folder = Path(settings.PITR_DIR)
        if not folder.is_absolute():  # PostgreSQL would read it from its own folder
            raise BackupUsageError(f"PITR_DIR must be an absolute path, not {settings.PITR_DIR!r}.")
        return Archive(folder)
    # Beside the server's own files, where its user can write; `make reset` takes both away together.
    return Archive(embedded_postgres.home(settings.DATA_DIR) / "pitr") if is_embedded() else None


def configured() -> Archive | None:
    """Return the folder once it has been set up. Raises BackupUsageError as ``place`` does."""
    found = place()
    try:
        return found if found and found.is_set_up else None
    except PermissionError:
        return None


def replication_target() -> Target:
    """Return how to get in for base backups: PITR_URL, the embedded server's superuser, or the shop's own role."""
    if settings.PITR_URL:
        return target_of(env.db_url_config(settings.PITR_URL))
    address = embedded_postgres.superuser_url(settings.DATA_DIR) if is_embedded() else None
    return target_of(env.db_url_config(address)) if address else shop_database()


@dataclass(frozen=True)
class Header:
    """What a segment's first page says about itself."""

    timeline: int
    number: int
    system: int
    segment_size: int


def read_header(path: Path) -> Header:
    """Read a segment's first page. Raises OSError, ValueError when it is none."""
    with path.open("rb") as file:
        data = file.read(_HEADER.size)
    if len(data) < _HEADER.size:
        raise ValueError("too short")
    _magic, info, timeline, address, _rest, system, size, block = _HEADER.unpack(data)
    # XLP_LONG_HEADER is set on the first page of each segment; sizes are powers of two.
    if not info & 0x0002 or not size or size & (size - 1) or address % size or not block:
        raise ValueError("its first page is not WAL")
    return Header(timeline, address // size, system, size)


@dataclass(frozen=True)
class Inventory:
    """The archive's names and sizes at one moment. ``segments``: those of the full size, by timeline and number."""

    size: int
    segments: frozenset[tuple[int, int]]
    wrong_size: dict[str, int]
    timelines: dict[int, Timeline]
    unreadable: list[str] = field(default_factory=list)
    bytes_on_disk: int = 0

    def numbers(self, timeline: Timeline) -> set[int]:
        """Return the segments that recovery along a timeline would find."""
        return {
            number for own, number in self.segments if timeline.segment(number, self.size).timeline == own
        }  # fmt: skip

    def newest_timeline(self, timeline: int, lsn: int) -> Timeline:
        """Return the newest timeline that goes on from ``lsn`` of the given one."""
        fitting = [one for one in self.timelines.values() if one.holds(timeline, lsn)]
        return max(fitting, key=lambda one: one.number, default=Timeline(timeline))


def take_inventory(archive: Archive, size: int) -> Inventory:
    """List the archive; ``size`` is what a segment must have. Raises OSError when it cannot be read."""
    found: set[tuple[int, int]] = set()
    wrong: dict[str, int] = {}
    timelines: dict[int, Timeline] = {}
    unreadable: list[str] = []
    taken = 0
    with os.scandir(archive.wal) as entries:
        for entry in entries:
            if NAME.fullmatch(entry.name):
                told = entry.stat()
                taken += told.st_blocks * 512
                if told.st_size != size:
                    wrong[entry.name] = told.st_size
                    continue
                try:
                    one = parse(entry.name, size)
                except ValueError:
                    unreadable.append(entry.name)
                else:
                    found.add((one.timeline, one.number))
            elif history := HISTORY.fullmatch(entry.name):
                try:
                    number = int(history[1], 16)
                    timelines[number] = parse_history(number, Path(entry.path).read_text())
                except (OSError, ValueError):
                    unreadable.append(entry.name)
    return Inventory(size, frozenset(found), wrong, timelines, sorted(unreadable), taken)


def matches_checksum(path: Path) -> bool | None:
    """Compare a segment with the checksum that was taken when it was archived; None when there is none.

    Raises OSError when the segment cannot be read.
    """
    try:
        wanted = path.with_name(f"{path.name}{CHECKSUM}").read_text().split()[0]
    except (FileNotFoundError, IndexError):
        return None
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            found.update(chunk)
    return found.hexdigest() == wanted


def size_of(folders: Iterable[Path]) -> int:
    """Return what folders take on the disk, in bytes."""
    total = 0
    for top in folders:
        for folder, _names, files in os.walk(top):
            for name in files:
                total += os.lstat(Path(folder, name)).st_blocks * 512
    return total
