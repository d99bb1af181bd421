"""The payment journal: every gateway id that we are about to use, written outside the database.

After a restore the database has forgotten payments made since the backup; the journal has not. Append-only JSON
lines, one file per month (UTC), each line flushed to the disk before the gateway is called. Times are the database's,
as is the moment that a sweep begins from: a web node whose clock is wrong hides nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from config.durable import append_line


@dataclass(frozen=True)
class JournalEntry:
    """One use of a gateway id; the amount is rupiah."""

    gateway_id: str
    order_number: str
    amount: int
    at: datetime


def write(*, gateway_id: str, order_number: str, amount: int, at: datetime) -> None:
    """Append one line and wait until it is on the disk. Raises OSError; the gateway must then not be called.

    ``at`` is the database's clock.
    """
    moment = at.astimezone(UTC)
    entry = {"gateway_id": gateway_id, "order": order_number, "amount": amount, "at": moment.isoformat()}
    append_line(Path(settings.PAYMENT_JOURNAL_DIR) / f"{moment:%Y-%m}.jsonl", entry)


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
