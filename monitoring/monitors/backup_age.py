"""How old the newest backup is. Who makes backups says so: ``settings.NEWEST_BACKUP`` names the function to ask."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from django.conf import settings
from django.utils.module_loading import import_string

from monitoring.models import Severity
from monitoring.monitors import backup_health, point_in_time
from monitoring.monitors.asking import duration
from monitoring.monitors.base import Finding, Look, Monitor, Runbook, Scope

NewestBackup = Callable[[], datetime | None]
"""Returns when the newest *verified* backup was made (aware), or None when none ever was. It may read files, and must
not raise for a folder that is not there."""


def look(scope: Scope) -> Look:
    """Ask for the newest verified backup. Without anybody to ask there are no backups yet, which is said quietly."""
    if not settings.NEWEST_BACKUP:
        return Look(facts={"newest_backup": "no backups yet"})
    newest_backup: NewestBackup = import_string(settings.NEWEST_BACKUP)
    made_at = newest_backup()
    if made_at is None:
        return Look(facts={"newest_backup": "no backups yet"})
    age = (datetime.now(tz=UTC) - made_at).total_seconds()
    facts = {"newest_backup": f"{duration(age)} ago"}
    if age <= settings.BACKUP_MAX_AGE_HOURS * 3600:
        return Look(facts=facts)
    finding = Finding(
        key="backup:newest",
        subject=f"the newest backup is {duration(age)} old",
        details=(
            ("Newest Backup", f"{made_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"),
            ("Age", duration(age)),
            ("Allowed", f"{settings.BACKUP_MAX_AGE_HOURS} hours"),
        ),
    )
    return Look([finding], facts=facts)


def look_at_everything(scope: Scope) -> Look:
    """Look at the newest backup, at whether a restore would be possible, and whether one could go back to a moment."""
    return look(scope) + backup_health.look(scope) + point_in_time.look(scope)


MONITOR = Monitor(
    name="backup_age",
    title="Backup Too Old",
    severity=Severity.HIGH,
    description="The newest verified backup is older than it may be",
    action="Make a backup now and find out why last night's did not work.",
    grace="BACKUP_MAX_AGE_HOURS (26), the copy elsewhere too; drill twice that, or BACKUP_DRILL_MAX_AGE_DAYS (35); "
    "point-in-time drill 9 days, silent archiver 15 minutes",
    runbook=Runbook(
        means="If the database were lost now, more than a day of orders would be lost with it.",
        do="Run the backup by hand and read its error: disk full, password changed, or the job does not run. For "
        "point-in-time recovery `manage.py pitr check` says what is wrong and what to do.",
        command="manage.py backup_db",
    ),
    look=look_at_everything,
)
