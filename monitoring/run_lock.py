"""One run of the monitors at a time: on this machine by a locked file, across machines by the database."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings


def folder() -> Path:
    """Return where the monitors keep what must survive without a database."""
    path: Path = settings.DATA_DIR / "monitoring"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


@contextmanager
def file_lock(name: str = "run_monitors") -> Iterator[bool]:
    """Hold the lock while the block runs; False at once when another process has it. Ends with the process."""
    handle = os.open(folder() / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(handle)
