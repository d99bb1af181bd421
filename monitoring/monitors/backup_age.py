"""How old the newest backup is. Who makes backups says so: ``settings.NEWEST_BACKUP`` names the function to ask."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils.module_loading import import_string

from backups.manifest import DAILY
from backups.models import BackupRun
from monitoring.models import Severity
from monitoring.monitors import backup_health, job_silence, point_in_time
from monitoring.monitors.asking import duration
from monitoring.monitors.base import Finding, Look, Monitor, Runbook, Scope

NewestBackup = Callable[[], datetime | None]
"""Returns when the newest *verified* backup was made (aware), or None when there is none. It may read files, and must
not raise for a folder that is not there."""


def look(scope: Scope) -> Look:
    """Ask for the newest verified backup. That there is none yet is said quietly, as long as none can be expected."""
    if not settings.NEWEST_BACKUP:
        return Look(facts={"newest_backup": "no backups yet"})
    newest_backup: NewestBackup = import_string(settings.NEWEST_BACKUP)
    made_at = newest_backup()
    if made_at is None:
        return _without_any()
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


def _without_any() -> Look:
    """Tell a shop whose backups are gone, bad or never made from one that is too young to have any."""
    known = BackupRun.objects.filter(kind=DAILY, removed_at=None).count()
    since = _watched_since()
    if not known and (since is None or datetime.now(tz=UTC) - since <= timedelta(hours=settings.BACKUP_MAX_AGE_HOURS)):
        return Look(facts={"newest_backup": "no backups yet"})
    finding = Finding(
        key="backup:newest",
        subject="there is no good backup",
        details=(
            ("Newest Backup", "none that was found good"),
            ("Backups That Should Be There", str(known)),
            ("Folder", str(settings.BACKUP_DIR)),
        ),
        description="There is no good backup at all",
        action="See whether the folder is there (manage.py list_backups), then make a backup: manage.py backup_db.",
    )
    return Look([finding], facts={"newest_backup": "none that is good"})


def _watched_since() -> datetime | None:
    """Return since when it has been known that backups are due."""
    moments = [since for label, since in job_silence.watched_since().items() if label.partition(" ")[0] == "backup_db"]
    return min(moments, default=None)


def look_at_everything(scope: Scope) -> Look:
    """Look at the newest backup, at whether a restore would be possible, and whether one could go back to a moment."""
    return look(scope) + backup_health.look(scope) + point_in_time.look(scope)


MONITOR = Monitor(
    name="backup_age",
    title="Backup Too Old",
    severity=Severity.HIGH,
    description="The newest verified backup is older than it may be, or there is none",
    action="Make a backup now and find out why last night's did not work.",
    grace="BACKUP_MAX_AGE_HOURS (26), the copy elsewhere too; drill twice that, or BACKUP_DRILL_MAX_AGE_DAYS (35); "
    "point-in-time drill 9 days, silent archiver 15 minutes",
    runbook=Runbook(
        means="If the database were lost now, more than a day of orders would be lost with it.",
        do="Run the backup by hand and read its error: disk full, password changed, or the job does not run. Where "
        "there is no good backup at all, see first with `manage.py list_backups` whether BACKUP_DIR is mounted and the "
        "right folder, and what is wrong with the backups in it. For "
        "point-in-time recovery `manage.py pitr check` says what is wrong and what to do.",
        command="manage.py backup_db",
    ),
    look=look_at_everything,
)
