"""Cron jobs that have not done their work for too long."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from monitoring.models import MonitorRun, Severity
from monitoring.monitors.asking import Row, ask, duration
from monitoring.monitors.base import Finding, Look, Monitor, Runbook, Scope
from monitoring.schedule import ScheduledJob, scheduled_jobs, system_now

GRACE = timedelta(minutes=5)
MISSED = 2
"""So many due times in a row without a good run."""
LOOK_BACK = timedelta(days=15)

_LAST = """
    SELECT job.name, good.slot AS good_at, last.slot AS last_at, last.ok, last.exit_code, last.message
      FROM unnest(%(jobs)s::text[]) AS job (name)
      LEFT JOIN LATERAL (SELECT slot FROM monitoring_jobrun r
                          WHERE r.job = job.name AND r.ok ORDER BY slot DESC LIMIT 1) good ON true
      LEFT JOIN LATERAL (SELECT slot, ok, exit_code, message FROM monitoring_jobrun r
                          WHERE r.job = job.name ORDER BY slot DESC LIMIT 1) last ON true"""


def look(scope: Scope) -> Look:
    """Compare each job's last good run with the times at which it was due.

    A job that has never run counts from when this monitor first knew of it: a new one has not missed anything yet.
    """
    only = scope.keys("job")
    jobs = {job.label: job for job in scheduled_jobs() if only is None or job.label in only}
    rows, _ = ask(_LAST, scope, jobs=list(jobs))
    now = system_now()
    known = watched_since()
    findings = []
    for row in rows:
        since = row["good_at"] or known.get(row["name"], now)
        limit = nth_due_before(jobs[row["name"]], now - GRACE, MISSED)
        if limit is not None and since < limit:
            findings.append(_finding(row, (now - since).total_seconds()))
    watched = {label: known.get(label, now).astimezone(UTC).isoformat() for label in jobs}
    return Look(findings, facts={"watched_since": watched} if only is None else {})


def nth_due_before(job: ScheduledJob, moment: datetime, number: int) -> datetime | None:
    """Return the ``number``-th last minute before ``moment`` in which the job was due; None if that is too long ago."""
    minute = moment.replace(second=0, microsecond=0)
    earliest = minute - LOOK_BACK
    while minute > earliest:
        if minute.hour not in job.schedule.hours:
            minute = minute.replace(minute=0)  # the whole hour is not one of the job's
        elif job.schedule.is_due(minute):
            number -= 1
            if not number:
                return minute
        minute -= timedelta(minutes=1)
    return None


def watched_since() -> Mapping[str, datetime]:
    """Return since when each job has been watched, as the last good look remembered it."""
    last = MonitorRun.objects.filter(monitor=MONITOR.name, error="").order_by("-pk").first()
    stored: Mapping[str, Any] = last.facts.get("watched_since", {}) if last else {}
    return {label: datetime.fromisoformat(moment) for label, moment in stored.items()}


def _finding(row: Row, silent_s: float) -> Finding:
    if row["last_at"] is None:
        last = "never ran"
    elif row["ok"] is None:
        last = f"began {row['last_at']:%Y-%m-%d %H:%M} UTC and did not finish"
    else:
        last = f"{row['last_at']:%Y-%m-%d %H:%M} UTC, exit code {row['exit_code']}: {row['message'][:120]}"
    return Finding(
        key=f"job:{row['name']}",
        # One that runs and fails may follow from something else; one that does not run never does.
        kind=f"failed {row['name']}" if row["ok"] is False else "silent",
        subject=f"{row['name']}: no good run for {duration(silent_s)}",
        details=(
            ("Job", row["name"]),
            ("Last Good Run", f"{row['good_at']:%Y-%m-%d %H:%M} UTC" if row["good_at"] else "never"),
            ("Last Run", last),
            ("Time Since", duration(silent_s)),
        ),
    )


MONITOR = Monitor(
    name="job_silence",
    title="Scheduled Job Silent",
    severity=Severity.HIGH,
    description="A scheduled job has had no good run for longer than two of its turns",
    action="See whether cron runs and whether the crontab is installed; run the job by hand and read what it says.",
    grace="two missed turns and 5 minutes",
    runbook=Runbook(
        means="Cron is dead, the crontab is gone, or the job fails each time. Orders then are not expired, mails do "
        "not leave, payments are not reconciled.",
        do="Run doctor: it compares the installed crontab with the settings. Then run the job by hand through its "
        "wrapper; its output says what is wrong.",
        command="manage.py run_job JOB",
    ),
    look=look,
)
