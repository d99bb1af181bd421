"""Files that must be there after a crash: appended to or replaced, and waited for until they are on the disk."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PARTIAL = ".partial-"
"""How the name of a file begins that is not finished yet; whoever finds one later may delete it."""


def append_line(path: Path, entry: Mapping[str, Any]) -> None:
    """Append one JSON line to a 0600 file, making the file and its folder (0700) when they are not there.

    A line begins with a line feed as well: what a crash or a full disk cut short before it stays a line of its own.
    Lines of several processes do not mix. Raises OSError, also when only a part of the line was taken.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    line = f"\n{json.dumps(entry, separators=(',', ':'))}\n".encode()
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        if os.write(handle, line) != len(line):  # one write() with O_APPEND is whole, or the disk is full
            raise OSError(errno.ENOSPC, f"only a part of a line was written to {path.name}")
        os.fsync(handle)
    finally:
        os.close(handle)
    sync_folder(path.parent)  # the file may be new, by whichever process


def replace_file(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write a file whole or not at all; whoever reads it meanwhile sees the old one. Raises OSError."""
    scratch = path.with_name(f"{PARTIAL}{path.name}")
    scratch.unlink(missing_ok=True)
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fchmod(handle, mode)  # whatever the umask took away
        os.fsync(handle)
    scratch.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Wait until a folder's names are on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
