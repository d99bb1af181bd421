"""The payment journal: every gateway id that we are about to use, written outside the database.

After a restore the database has forgotten payments made since the backup; the journal has not. Append-only JSON
lines, one file per month (UTC), each line flushed to the disk before the gateway is called. Times are the database's,
as is the moment that a sweep begins from: a web node whose clock is wrong hides nothing.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True)
class JournalEntry:
    """One use of a gateway id; the amount is rupiah."""

    gateway_id: str
    order_number: str
    amount: int
    at: datetime


def write(*, gateway_id: str, order_number: str, amount: int, at: datetime) -> None:
    """Append one line and wait until it is on the disk. Raises OSError; the gateway must then not be called.

    ``at`` is the database's clock. A line begins with a line feed as well: what a crash or a full disk cut short
    before it stays a line of its own.
    """
    folder = Path(settings.PAYMENT_JOURNAL_DIR)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    moment = at.astimezone(UTC)
    entry = {"gateway_id": gateway_id, "order": order_number, "amount": amount, "at": moment.isoformat()}
    line = f"\n{json.dumps(entry, separators=(',', ':'))}\n".encode()
    # One write() with O_APPEND: lines of several processes do not mix.
    handle = os.open(folder / f"{moment:%Y-%m}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        if os.write(handle, line) != len(line):
            raise OSError(errno.ENOSPC, "the payment journal took only a part of a line")
        os.fsync(handle)
    finally:
        os.close(handle)
    _flush(folder)  # the file may be new, by whichever process


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def exists() -> bool:
    """Say whether there is any journal to read."""
    return any(Path(settings.PAYMENT_JOURNAL_DIR).glob("*.jsonl"))


def read_since(moment: datetime) -> Iterator[JournalEntry]:
    """Yield the entries written at or after ``moment``, oldest first, each gateway id once.

    A line cut short by a crash is skipped: its gateway call was never made.
    """
    folder = Path(settings.PAYMENT_JOURNAL_DIR)
    seen: set[str] = set()
    for path in sorted(folder.glob("*.jsonl")):
        if path.stem < f"{moment.astimezone(UTC):%Y-%m}":
            continue
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            entry = _parse(line)
            if entry is not None and entry.at >= moment and entry.gateway_id not in seen:
                seen.add(entry.gateway_id)
                yield entry


def _parse(line: str) -> JournalEntry | None:
    try:
        data = json.loads(line)
        return JournalEntry(
            gateway_id=str(data["gateway_id"]),
            order_number=str(data["order"]),
            amount=int(data["amount"]),
            at=datetime.fromisoformat(data["at"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
