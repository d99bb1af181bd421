"""What can be recovered: the WAL that is there, what is missing or damaged, and the windows that follow from it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from backups import programs
from backups.errors import BackupCorruptError, BackupInterruptedError
from backups.pitr import bases, copy_check
from backups.pitr.archive import Archive, Inventory, matches_checksum, read_header, take_inventory
from backups.pitr.bases import Base
from backups.pitr.reading import Ended, complaint_about, last_transaction
from backups.pitr.segments import Segment, Timeline, gaps, unbroken
from backups.pitr.windows import Window
from backups.processes import ShouldStop, never

NAMED = 100
"""Segments of one gap that are called by their names."""


@dataclass(frozen=True)
class Chain:
    """A base backup and the WAL that continues it: segments up to ``end`` (not included), then the first gap."""

    base: Base
    timeline: Timeline
    end: int
    gaps: Sequence[tuple[int, int]]
    last: Ended | None

    @property
    def window(self) -> Window | None:
        """Return what it reaches; None when no transaction after the base backup is in the archive."""
        if self.last is None or self.base.verified_at is None:
            return None
        return Window(self.base.name, self.base.complete_at, self.last.at)

    @property
    def segments(self) -> list[Segment]:
        """Return the segments that can be replayed on top of the base backup, in order."""
        size, first = self.base.segment_size, self.base.last_own_segment
        return [self.timeline.segment(number, size) for number in range(first, self.end)]


def follow(archive: Archive, inventory: Inventory, base: Base, *, without: Collection[str] = ()) -> Chain:
    """Return how far the archive continues a base backup, as if the damaged files ``without`` were not there.

    Raises BackupFailedError when there is no pg_waldump of its version.
    """
    size = base.segment_size
    chain = without_reading(inventory, base, without=without)
    program = programs.find_exact("pg_waldump", major=base.major)
    for number in range(chain.end - 1, base.last_own_segment - 1, -1):
        found = last_transaction(archive.wal / chain.timeline.segment(number, size).name(size), program)
        if found is not None:
            return replace(chain, last=found) if found.lsn >= base.end_lsn else chain
    return chain


def without_reading(inventory: Inventory, base: Base, *, without: Collection[str] = ()) -> Chain:
    """Return the same by names alone: how far, but not to which moment."""
    size = base.segment_size
    timeline = inventory.newest_timeline(base.timeline, base.end_lsn)
    present = {
        number for number in inventory.numbers(timeline) if timeline.segment(number, size).name(size) not in without
    }
    start = base.last_own_segment
    return Chain(base, timeline, unbroken(present, start), gaps(present, start), None)


def damaged(
    archive: Archive, segments: Sequence[Segment], base: Base, *, should_stop: ShouldStop = never
) -> dict[str, str]:
    """Read segments to their end; return what is wrong with which. Raises BackupInterruptedError.

    The checksum was taken when the segment was archived. One without a checksum is read by pg_waldump.
    """
    program: Path | None = None
    found = {}
    for segment in segments:
        if should_stop():
            raise BackupInterruptedError("Interrupted while reading the WAL archive; nothing was changed.")
        name = segment.name(base.segment_size)
        path = archive.wal / name
        try:
            header = read_header(path)
            same = matches_checksum(path)
        except ValueError as error:
            found[name] = str(error)
            continue
        except OSError as error:
            found[name] = f"cannot be read: {error.strerror}"
            continue
        if header.system != base.system:
            found[name] = f"belongs to another server ({header.system})"
        elif header.number != segment.number or header.segment_size != base.segment_size:
            found[name] = "is another segment than its name says"
        elif same is False:
            found[name] = "its SHA-256 is not the one taken when it was archived"
        elif same is None:
            program = program or programs.find_exact("pg_waldump", major=base.major)
            if said := complaint_about(path, program):
                found[name] = said
    return found


@dataclass
class Survey:
    """Everything about the archive that can be told without the server."""

    inventory: Inventory | None = None
    chains: list[Chain] = field(default_factory=list)
    damaged: dict[str, str] = field(default_factory=dict)
    bad_bases: list[Base] = field(default_factory=list)

    @property
    def windows(self) -> list[Window]:
        """Return what can be recovered from each base backup."""
        return [window for chain in self.chains if (window := chain.window)]

    @property
    def wrong_size(self) -> dict[str, int]:
        """Return the segments that are cut off (or too long), and their bytes."""
        return self.inventory.wrong_size if self.inventory else {}

    @property
    def missing(self) -> list[str]:
        """Return the names of segments that are not there though later ones are, of the oldest base backup on."""
        if not self.chains:
            return []
        return sorted(
            {
                chain.timeline.segment(number, chain.base.segment_size).name(chain.base.segment_size)
                for chain in self.chains
                for first, last in chain.gaps
                for number in range(first, min(last, first + NAMED) + 1)
            }
        )


def survey(
    archive: Archive, *, read: bool = True, without: Mapping[str, str] | None = None, should_stop: ShouldStop = never
) -> Survey:
    """Look at every base backup and the WAL after it. ``read``: read all of both.

    ``without`` names segments that are known to be damaged, and how. Raises OSError when the archive cannot be read,
    BackupFailedError, BackupInterruptedError.
    """
    found = bases.all_bases(archive)
    result = Survey(damaged=dict(without or {}), bad_bases=[base for base in found if base.verified_at is None])
    good = []
    for base in found:
        if base.verified_at is None:
            continue
        try:
            if read:
                copy_check.check(bases.folder_of(archive, base), should_stop=should_stop)
            good.append(base)
        except BackupCorruptError as error:
            result.bad_bases.append(replace(base, verified_at=None, message=str(error)))
    if not good:
        return result
    result.inventory = inventory = take_inventory(archive, good[0].segment_size)
    if read:
        oldest = min(good, key=lambda base: base.start_lsn)
        wanted = [
            Segment(timeline, number)
            for timeline, number in sorted(inventory.segments)
            if number >= oldest.first_segment
        ]  # fmt: skip
        result.damaged |= damaged(archive, wanted, oldest, should_stop=should_stop)
    result.chains = [follow(archive, inventory, base, without=result.damaged) for base in good]
    return result
