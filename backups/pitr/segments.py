"""Names of WAL segments, what follows what, and what is missing. Pure arithmetic: nothing here opens a file.

A name is timeline, log and segment, eight hexadecimal digits each. A log is 4 GB, so with segments of 16 MB the last
part runs from 00 to FF and then starts over in the next log.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

NAME = re.compile(r"[0-9A-F]{24}")
HISTORY = re.compile(r"([0-9A-F]{8})\.history")
_LOG_BYTES = 1 << 32


@dataclass(frozen=True, order=True)
class Segment:
    """One segment: ``number`` counts from the beginning of all WAL, whatever the timeline."""

    timeline: int
    number: int

    def name(self, size: int) -> str:
        """Return the file's name, for segments of ``size`` bytes."""
        log, part = divmod(self.number, _LOG_BYTES // size)
        return f"{self.timeline:08X}{log:08X}{part:08X}"


def parse(name: str, size: int) -> Segment:
    """Read a file's name. Raises ValueError when no segment of ``size`` bytes can be called that."""
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a WAL segment.")
    per_log = _LOG_BYTES // size
    timeline, log, part = (int(name[start : start + 8], 16) for start in (0, 8, 16))
    if part >= per_log or timeline == 0:
        raise ValueError(f"{name!r} is no name of a WAL segment of {size} bytes.")
    return Segment(timeline, log * per_log + part)


def parse_lsn(text: str) -> int:
    """Read a WAL location such as 0/5000028. Raises ValueError."""
    high, slash, low = text.partition("/")
    if not slash:
        raise ValueError(f"{text!r} is no WAL location.")
    return (int(high, 16) << 32) + int(low, 16)


def number_at(lsn: int, size: int) -> int:
    """Return the number of the segment that holds the byte at ``lsn``."""
    return lsn // size


def number_before(lsn: int, size: int) -> int:
    """Return the number of the segment that holds the last byte before ``lsn``."""
    return max(0, lsn - 1) // size


@dataclass(frozen=True)
class Timeline:
    """A timeline and where it comes from: ``ancestors`` are (timeline, where it was left), oldest first."""

    number: int
    ancestors: tuple[tuple[int, int], ...] = ()

    def holds(self, timeline: int, lsn: int) -> bool:
        """Return whether what is at ``lsn`` on ``timeline`` is part of this one's past."""
        return timeline == self.number or any(
            number == timeline and lsn <= left_at for number, left_at in self.ancestors
        )

    def segment(self, number: int, size: int) -> Segment:
        """Return the segment with that number that recovery along this timeline reads.

        The segment in which a timeline was left exists on the new one too, with the old beginning copied into it.
        """
        for timeline, left_at in self.ancestors:
            if number < number_at(left_at, size):
                return Segment(timeline, number)
        return Segment(self.number, number)


def parse_history(timeline: int, text: str) -> Timeline:
    """Read a ``.history`` file. Raises ValueError."""
    ancestors = []
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) < 2:
            raise ValueError(f"not a line of a timeline's history: {line!r}")
        ancestors.append((int(words[0]), parse_lsn(words[1])))
    return Timeline(timeline, tuple(ancestors))


def unbroken(present: Collection[int], start: int) -> int:
    """Return the number after the last segment that can be read without a gap from ``start`` on."""
    number = start
    while number in present:
        number += 1
    return number


def gaps(present: Collection[int], start: int) -> list[tuple[int, int]]:
    """Return what is missing between ``start`` and the newest one present, as (first, last) pairs in order."""
    found = []
    expected = start
    for number in sorted(one for one in present if one >= start):
        if number > expected:
            found.append((expected, number - 1))
        expected = number + 1
    return found
