"""What the commands about backups share: exit codes, sizes and ages in words, the typed YES, a progress line."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from django.core.management.base import CommandError

from backups.errors import (
    BackupError,
    BackupInterruptedError,
    BackupLockedError,
    BackupRefusedError,
    BackupUsageError,
)
from backups.manifest import IN_PASSING, Manifest
from backups.target import one_line
from config.commands import FAILED, INTERRUPTED, LOCKED, REFUSED, USAGE, ShopCommand

_CODES: tuple[tuple[type[BackupError], int], ...] = (
    (BackupUsageError, USAGE),
    (BackupLockedError, LOCKED),
    (BackupRefusedError, REFUSED),
    (BackupInterruptedError, INTERRUPTED),
)


class BackupCommand(ShopCommand):
    """A command that starts without a usable database: neither checks nor a lock of Django's connection."""

    requires_system_checks = ()

    def work(self, *args: Any, **options: Any) -> Mapping[str, Any]:
        """Do ``act``, and turn what goes wrong into the exit codes that all commands have."""
        try:
            return self.act(*args, **options)
        except BackupError as error:
            code = next((code for kind, code in _CODES if isinstance(error, kind)), FAILED)
            raise CommandError(str(error), returncode=code) from error
        except psycopg.Error as error:
            raise CommandError(f"The database said no: {one_line(error)}", returncode=FAILED) from error

    def act(self, *args: Any, **options: Any) -> Mapping[str, Any]:
        """Do the command's work and return its facts."""
        raise NotImplementedError


def confirmed(prompt: str, *, expected: str = "YES") -> bool:
    """Ask on the terminal, and return whether exactly ``expected`` was typed. Ctrl-C is a no.

    Raises BackupRefusedError when there is no terminal to ask on.
    """
    if not sys.stdin.isatty():
        raise BackupRefusedError("Nobody is at the terminal to confirm. In scripts: --noinput --confirm-db NAME.")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a flag alone would not end input()
    try:
        return input(prompt) == expected
    except (EOFError, KeyboardInterrupt):
        return False
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def progress_line(stream: Any, expected: int) -> Iterator[Any]:
    """Yield a function that takes the bytes done; on a terminal it shows them about four times a second."""
    last = 0.0

    def show(done: int) -> None:
        nonlocal last
        if time.monotonic() - last > 0.25:
            last = time.monotonic()
            share = f" {min(99, done * 100 // expected):>3} %" if expected else ""
            stream.write(f"\r  {size(done):>10}{share} ")
            stream.flush()

    if not stream.isatty():
        yield lambda _done: None
        return
    try:
        yield show
    finally:
        stream.write("\r" + " " * 24 + "\r")
        stream.flush()


def size(count: int) -> str:
    """Return bytes in words: 64.3 MB."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def age(moment: datetime) -> str:
    """Return how long ago in words: 3 h 20 min."""
    passed = datetime.now(UTC) - moment
    return span(passed) if passed >= timedelta() else "in the future"


def span(time_between: timedelta) -> str:
    """Return a time in words: 3 h 20 min."""
    minutes = int(time_between.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} days {hours % 24} h"


def state(manifest: Manifest, *, there: bool = True) -> str:
    """Return a backup's verification in words."""
    if not there:
        return "FILE MISSING"
    judged = manifest.verified
    if judged is None:
        return "not verified"
    if not judged.ok:
        return "BAD"
    if judged.what == IN_PASSING:
        return "verified before it was encrypted, not drilled: encrypted"
    return {1: "checksum good", 2: "verified", 3: "restore drill passed"}[judged.level]


def packed(manifest: Manifest) -> str:
    """Return in words how a backup is packed."""
    return f"{manifest.file.compression}{', encrypted' if manifest.is_encrypted else ''}"


def whereabouts(manifest: Manifest) -> str:
    """Return in words whether there is a copy elsewhere; nothing when nobody ever tried to make one."""
    if manifest.offsite is None:
        return ""
    return "off-site" if manifest.is_offsite else f"NOT off-site ({manifest.offsite.error})"


def facts_of(manifest: Manifest) -> dict[str, Any]:
    """Return a backup as JSON."""
    return {
        "backup": manifest.name,
        "taken_at": manifest.taken_at.isoformat(),
        "kind": manifest.kind,
        "size": manifest.file.size,
        "sha256": manifest.file.sha256,
        "compression": manifest.file.compression,
        "encrypted": manifest.is_encrypted,
        "rows": manifest.rows,
        "seconds": manifest.seconds,
        "verified": manifest.is_verified,
        "verified_what": manifest.verified.what if manifest.verified else None,
        "drilled_at": manifest.drilled_at.isoformat() if manifest.drilled_at else None,
        "pinned": manifest.pinned,
        "offsite": manifest.offsite.name if manifest.is_offsite and manifest.offsite else None,
    }
