"""Is a base backup what the server sent? Its own ``backup_manifest`` names every file with size and SHA-256.

This is what pg_verifybackup does. Not every installation has one that runs (the embedded server's wheel does not), it
cannot be interrupted, and one reading is enough for all.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backups.errors import BackupCorruptError, BackupFailedError, BackupInterruptedError
from backups.pitr.segments import parse_lsn
from backups.processes import CHUNK, ShouldStop, never

MANIFEST = "backup_manifest"
_SUM = b'"Manifest-Checksum"'
# The server lists neither of these: WAL is checked by its own records, and recovery starts by writing the others.
_UNLISTED = {MANIFEST, "postgresql.auto.conf", "recovery.signal", "standby.signal"}


@dataclass(frozen=True)
class Range:
    """The WAL that a base backup needs to become consistent."""

    timeline: int
    start_lsn: int
    end_lsn: int


def wal_range(folder: Path) -> Range:
    """Return what the manifest says. Raises BackupCorruptError."""
    data = _manifest(folder)
    try:
        ranges = data["WAL-Ranges"]
        assert isinstance(ranges, list)
        last = ranges[-1]
        return Range(int(last["Timeline"]), parse_lsn(ranges[0]["Start-LSN"]), parse_lsn(last["End-LSN"]))
    except (AssertionError, KeyError, IndexError, TypeError, ValueError) as error:
        raise BackupCorruptError(f"{folder / MANIFEST} names no range of WAL.") from error


def check(folder: Path, *, should_stop: ShouldStop = never) -> None:
    """Read every file and compare it with the manifest. Raises BackupCorruptError when one is not as it was.

    BackupFailedError, when one cannot be read, says nothing about the backup: a disk may come back.
    """
    wanted = dict(_files(folder))
    present = set(_present(folder))
    if missing := sorted(set(wanted) - present):
        raise BackupCorruptError(f"{folder}: {len(missing)} files are missing, among them {missing[0]}.")
    if added := sorted(present - set(wanted)):
        raise BackupCorruptError(f"{folder}: {len(added)} files do not belong to it, among them {added[0]}.")
    for name, (size, checksum) in wanted.items():
        path = folder / name
        found, count = hashlib.sha256(), 0
        try:
            with path.open("rb") as file:
                while chunk := file.read(CHUNK):
                    if should_stop():
                        raise BackupInterruptedError("Interrupted while reading the base backup.")
                    found.update(chunk)
                    count += len(chunk)
        except OSError as error:
            raise BackupFailedError(f"{path} cannot be read: {error.strerror}.") from error
        if count != size:
            raise BackupCorruptError(f"{path} has {count} bytes instead of {size}.")
        if found.hexdigest() != checksum:
            raise BackupCorruptError(f"{path} is damaged: its SHA-256 is not the one in {MANIFEST}.")


def _files(folder: Path) -> Iterator[tuple[str, tuple[int, str]]]:
    files = _manifest(folder).get("Files", [])
    try:
        assert isinstance(files, list)
        for entry in files:
            name = entry["Path"] if "Path" in entry else os.fsdecode(bytes.fromhex(entry["Encoded-Path"]))
            if name in _UNLISTED:
                continue
            assert entry["Checksum-Algorithm"] == "SHA256", name
            assert not name.startswith("/"), name
            assert ".." not in Path(name).parts, name
            yield name, (int(entry["Size"]), str(entry["Checksum"]))
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        raise BackupCorruptError(f"{folder / MANIFEST} is not understood: {error}.") from error


def _present(folder: Path) -> Iterator[str]:
    for top, folders, names in os.walk(folder):
        relative = os.path.relpath(top, folder)
        if relative == ".":
            folders[:] = [name for name in folders if name != "pg_wal"]
        for name in names:
            path = name if relative == "." else f"{relative}/{name}"
            if path not in _UNLISTED:
                yield path


def _manifest(folder: Path) -> dict[str, object]:
    """Read it, after its own checksum: that of everything before the last line."""
    path = folder / MANIFEST
    try:
        text = path.read_bytes()
        cut = text.rindex(_SUM)
        data: dict[str, object] = json.loads(text)
        told = data["Manifest-Checksum"]
    except FileNotFoundError as error:
        raise BackupCorruptError(f"{path} is missing.") from error
    except OSError as error:
        raise BackupFailedError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError) as error:
        raise BackupCorruptError(f"{path} is damaged: {error}.") from error
    if hashlib.sha256(text[:cut]).hexdigest() != told:
        raise BackupCorruptError(f"{path} is damaged: its own checksum is wrong.")
    return data
