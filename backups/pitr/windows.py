"""From when to when the shop can be brought back, and from which base backup. Pure: times in, times out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from backups.errors import BackupUsageError


@dataclass(frozen=True)
class Window:
    """What one base backup and the WAL after it can reach: from ``start`` to ``end``, by the server's clock.

    ``start`` is when the base was complete: asked for less, PostgreSQL says nothing and recovers *more*. ``end`` is
    the last transaction in the archive: every moment before it can be told from what came later, so it is reached.
    """

    base: str
    start: datetime
    end: datetime

    def holds(self, moment: datetime) -> bool:
        """Return whether the moment can be recovered exactly."""
        return self.start <= moment < self.end


def choose(windows: Iterable[Window], moment: datetime) -> Window | None:
    """Return the window with the newest base that reaches ``moment``: the least WAL to replay."""
    fitting = [window for window in windows if window.holds(moment)]
    return max(fitting, key=lambda window: window.start, default=None)


def joined(windows: Iterable[Window]) -> list[tuple[datetime, datetime]]:
    """Return the spans that all windows cover together, in order, without those that hold no moment."""
    spans: list[tuple[datetime, datetime]] = []
    for window in sorted(windows, key=lambda window: window.start):
        if window.end <= window.start:
            continue
        if spans and window.start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], window.end))
        else:
            spans.append((window.start, window.end))
    return spans


def parse_moment(text: str) -> datetime:
    """Read a moment with its offset from UTC, as people write it. Raises BackupUsageError.

    Without an offset nobody knows which 10:31 is meant: the server's, the shop's, or the operator's.
    """
    spaced = re.sub(r"\s+(?=(Z|[+-]\d{2}(:?\d{2})?)$)", "", text.strip())
    full = re.sub(r"([+-]\d{2})$", r"\1:00", spaced)
    try:
        moment = datetime.fromisoformat(full)
    except ValueError:
        raise BackupUsageError(
            f"{text!r} is not a moment; write it like 2026-11-28T10:31:00+07:00 (WIB) or 2026-11-28T03:31:00Z."
        ) from None
    if moment.tzinfo is None:
        raise BackupUsageError(f"{text!r} has no offset: append +07:00 for WIB, or Z for UTC.")
    return moment.astimezone(UTC)
