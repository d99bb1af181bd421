"""Whether one could go back to a moment: the WAL archive, its archiver, the weekly drill. A part of ``backup_age``.

Where no WAL archive is set up there is nothing to watch; `doctor` says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from backups.errors import BackupError
from backups.pitr.archive import Archive, configured
from backups.pitr.bases import all_bases
from backups.pitr.drilling import last_drill
from backups.pitr.report import about_archiver, in_brief
from backups.pitr.server import ARCHIVER_QUERY, Archiver, archiver_of
from monitoring.monitors.asking import duration
from monitoring.monitors.base import Finding, Look, Scope

DRILL_MAX_AGE = timedelta(days=9)
"""A week, and a weekend to look into a drill that did not come."""
_DESCRIPTION = "Going back to a moment (point-in-time recovery) may not work"


def look(scope: Scope) -> Look:
    """Look at what is on the disk and at pg_stat_archiver; nothing is read that takes time."""
    if not scope.wants("pitr"):
        return Look()
    try:
        archive = configured()
        if archive is None:
            return Look(facts={"point_in_time": "not set up"})
        findings = [*_about_archive(archive), *_about_drill(archive, datetime.now(tz=UTC)), *about(_archiver())]
    except (BackupError, OSError) as error:
        what = error.strerror if isinstance(error, OSError) else str(error)
        findings = [_finding("archive", f"the WAL archive cannot be read: {what}", "See PITR_DIR and its permissions.")]
    return Look(findings, facts={"point_in_time": "trouble" if findings else "good"})


def about(archiver: Archiver | None) -> Iterator[Finding]:
    """Judge pg_stat_archiver; None: the server does not archive at all any more."""
    if archiver is None:
        yield _finding("archiver", "the server does not archive its WAL (archive_mode is off)", "manage.py pitr setup")
        return
    for problem in about_archiver(archiver):
        failures = ("Failures", str(archiver.failed))
        last = ("Last Archived", f"{archiver.last_at:%Y-%m-%d %H:%M} UTC" if archiver.last_at else "never")
        yield _finding("archiver", problem.what, problem.do, failures, last)


def _archiver() -> Archiver | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('archive_mode')")
        (mode,) = cursor.fetchone()
        if mode == "off":
            return None
        cursor.execute(ARCHIVER_QUERY)
        return archiver_of(cursor.fetchone())


def _about_archive(archive: Archive) -> Iterator[Finding]:
    problems = in_brief(archive)
    if problems:
        further = ("Further", str(len(problems) - 1))
        yield _finding("archive", problems[0].what, problems[0].do, further)


def _about_drill(archive: Archive, now: datetime) -> Iterator[Finding]:
    drill = last_drill(archive)
    # Before the first drill the oldest base backup tells how long there could have been one.
    since = drill.at if drill else min((base.complete_at for base in all_bases(archive)), default=now)
    age = now - since
    if age > DRILL_MAX_AGE:
        what = "the last drill" if drill else "there was no drill; the first base backup"
        subject = f"{what} is {duration(age.total_seconds())} old"
        yield _finding("drill", subject, "manage.py pitr drill", ("Allowed", duration(DRILL_MAX_AGE.total_seconds())))


def _finding(key: str, subject: str, action: str, *details: Any) -> Finding:
    return Finding(
        key=f"pitr:{key}",
        subject=subject,
        details=(("Trouble", subject), *details, ("See", "manage.py pitr check")),
        description=_DESCRIPTION,
        action=action,
    )
