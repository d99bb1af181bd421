"""``pitr check``: everything about the archive in one look, for people and for monitors."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from backups.commands import age, size
from backups.errors import BackupFailedError
from backups.pitr import bases
from backups.pitr.archive import Archive, take_inventory
from backups.pitr.checking import Survey, survey, without_reading
from backups.pitr.drilling import Drill, last_drill
from backups.pitr.server import Archiver, Server, look, objections
from backups.pitr.windows import joined
from backups.processes import ShouldStop, never
from backups.target import Target

SILENT_S = 900.0
"""A shop writes every minute, so a quarter of an hour without archived WAL is no rest."""


class Level(enum.IntEnum):
    """How bad it is."""

    OK = 0
    WARNING = 1
    ERROR = 2


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and what to do about it."""

    level: Level
    what: str
    do: str

    def __str__(self) -> str:
        return f"{self.level.name.lower()}: {self.what}\n    Try: {self.do}"


@dataclass(frozen=True)
class Report:
    """The facts for JSON, the lines for people."""

    facts: Mapping[str, Any]
    lines: list[str]
    problems: list[Problem]
    summary: str

    @property
    def level(self) -> Level:
        """Return the worst."""
        return max((problem.level for problem in self.problems), default=Level.OK)


def make(archive: Archive, target: Target, *, read: bool = True, should_stop: ShouldStop = never) -> Report:
    """Look at the server and the archive. Works while the server is away. Raises BackupError."""
    problems: list[Problem] = []
    server: Server | None = None
    try:
        server = look(target)
    except BackupFailedError as error:
        problems.append(Problem(Level.ERROR, str(error), "see that PostgreSQL runs; going back works without it"))
    else:
        problems += [Problem(Level.ERROR, what, do) for what, do in objections(server, archive)]
        if server.archives:
            problems += about_archiver(server.archiver)
    try:
        seen = survey(archive, read=read, should_stop=should_stop)
    except OSError as error:
        raise BackupFailedError(
            f"{archive.wal} cannot be read ({error.strerror}): let this user's group read it (chmod g+rwxs)."
        ) from error
    problems += about_survey(seen, server)
    spans = joined(seen.windows)
    drill = last_drill(archive)
    problems += about_drill(drill)
    inventory = seen.inventory
    facts: dict[str, Any] = {
        "folder": str(archive.folder),
        "windows": [{"from": start.isoformat(), "to": end.isoformat()} for start, end in spans],
        "bases": [
            {
                "base": chain.base.name,
                "complete_at": chain.base.complete_at.isoformat(),
                "size": chain.base.size,
                "reaches": chain.last.at.isoformat() if chain.last else None,
            }
            for chain in seen.chains
        ],
        "segments": len(inventory.segments) if inventory else 0,
        "segment_size": inventory.size if inventory else None,
        "bytes_on_disk": inventory.bytes_on_disk if inventory else 0,
        "missing": seen.missing,
        "damaged": seen.damaged,
        "wrong_size": inventory.wrong_size if inventory else {},
        "archiver": vars(server.archiver) if server else None,
        "drill": vars(drill) if drill else None,
        "read": read,
        "problems": [{"level": one.level.name.lower(), "what": one.what, "do": one.do} for one in problems],
    }
    lines = [*_lines(seen, spans, server, facts), *map(str, problems)]
    return Report(facts, lines, problems, _summary(seen, spans))


def about_archiver(archiver: Archiver) -> list[Problem]:
    """Judge what pg_stat_archiver says, of a server that archives."""
    if archiver.failing:
        what = f"archive_command fails: {archiver.failed} times so far, last for {archiver.failed_wal}"
        return [Problem(Level.ERROR, what, "the server's log has its words; mend it before the disk is full")]
    if archiver.silent_s > SILENT_S:
        what = f"nothing was archived for {archiver.silent_s / 60:.0f} minutes"
        return [Problem(Level.WARNING, what, "see whether archive_command hangs; a shop at rest writes nothing, too")]
    return []


def in_brief(archive: Archive) -> list[Problem]:
    """Judge the archive by names and sizes alone, and the last drill: milliseconds, and no program is run.

    Raises OSError when it cannot be read.
    """
    found = bases.all_bases(archive)
    good = [base for base in found if base.verified_at is not None]
    seen = Survey(bad_bases=[base for base in found if base.verified_at is None])
    if good:
        seen.inventory = take_inventory(archive, good[0].segment_size)
        seen.chains = [without_reading(seen.inventory, base) for base in good]
    return about_survey(seen, None) + about_drill(last_drill(archive))


def about_drill(drill: Drill | None) -> list[Problem]:
    """Judge the last drill; one that never was is for its age to complain about."""
    if drill is None or drill.ok:
        return []
    return [Problem(Level.ERROR, f"the last drill failed: {drill.message}", "manage.py pitr drill")]


def about_survey(seen: Survey, server: Server | None) -> list[Problem]:
    """Judge what is in the folder."""
    found = []
    again = "manage.py pitr base: from then on one can go back again"
    if not seen.chains:
        found.append(Problem(Level.ERROR, "there is no verified base backup", "manage.py pitr base"))
    found += [Problem(Level.ERROR, f"{base.name} is bad: {base.message}", again) for base in seen.bad_bases]
    if seen.missing:
        what = f"{len(seen.missing)} segments of WAL are missing, the first is {seen.missing[0]}"
        found.append(Problem(Level.ERROR, what, f"look for them in the server's pg_wal; {again}"))
    for name, what in list(seen.damaged.items())[:10]:
        found.append(Problem(Level.ERROR, f"{name} {what}", again))
    if seen.inventory:
        for name, count in list(seen.inventory.wrong_size.items())[:10]:
            what = f"{name} has {count} bytes instead of {seen.inventory.size}"
            found.append(Problem(Level.ERROR, what, again))
        found += [
            Problem(Level.WARNING, f"{name} is not what its name says", "move it elsewhere")
            for name in seen.inventory.unreadable[:10]
        ]
    if server is not None:
        for chain in seen.chains:
            if chain.base.system != server.system:
                what = f"{chain.base.name} is of another server than the one that is live"
                found.append(Problem(Level.ERROR, what, "give each server a PITR_DIR of its own"))
            elif chain.base.major != server.major:
                what = f"{chain.base.name} is of PostgreSQL {chain.base.major}, the server is {server.major}"
                found.append(Problem(Level.WARNING, what, "manage.py pitr base"))
    return found


def as_json(facts: Mapping[str, Any]) -> str:
    """Return facts as the commands print them."""
    return json.dumps({"schema": 1} | dict(facts), default=str)


def _lines(
    seen: Survey, spans: list[tuple[datetime, datetime]], server: Server | None, facts: Mapping[str, Any]
) -> list[str]:
    lines = [f"Archive   {facts['folder']}, {facts['segments']} segments, {size(facts['bytes_on_disk'])} on the disk"]
    for chain in seen.chains:
        base = chain.base
        lines.append(f"Base      {base.name}, {age(base.complete_at)} old, {size(base.size)}, PostgreSQL {base.major}")
    if server is not None:
        archiver = server.archiver
        last = f"{archiver.last_wal}, {age(archiver.last_at)} ago" if archiver.last_at else "nothing yet"
        lines.append(f"Archiver  last {last}; {archiver.failed} failures")
    for start, end in spans:
        lines.append(f"Window    from {_words(start)} to {_words(end)}")
    return lines


def _summary(seen: Survey, spans: list[tuple[datetime, datetime]]) -> str:
    if spans:
        can = "; ".join(f"from {_words(start)} to {_words(end)}" for start, end in spans)
        return f"Can recover {can}"
    if seen.chains:
        return f"Nothing to go back to yet: no WAL after the base backup of {_words(seen.chains[0].base.complete_at)}"
    return "Cannot go back to any moment"


def _words(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
