"""What pages, metrics and commands read about the watching: incidents, the last looks, the jobs, undelivered alerts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.utils import timezone

from config.models import MailState
from monitoring import heartbeats, outage
from monitoring.incidents import LIVE
from monitoring.models import Incident, IncidentState, MonitorRun, Severity, UndeliveredAlert
from monitoring.monitors import MONITORS, Monitor
from monitoring.schedule import scheduled_jobs
from payments.models import Repair

REPAIRS_SHOWN_FOR = timedelta(days=7)


def open_incidents() -> QuerySet[Incident]:
    """Return the incidents that live, the critical ones first, then the oldest."""
    rank = Case(When(severity=Severity.CRITICAL, then=Value(0)), default=Value(1), output_field=IntegerField())
    return Incident.objects.filter(state__in=LIVE).order_by(rank, "first_seen_at")


def recent_incidents(limit: int = 50) -> list[Incident]:
    """Return the newest incidents, resolved ones too, with their history."""
    return list(Incident.objects.order_by("-pk").prefetch_related("events")[:limit])


def recent_repairs(limit: int = 10) -> list[Repair]:
    """Return what the shop put right by itself in the last seven days, newest first, with payments and orders."""
    rows = Repair.objects.filter(created_at__gte=timezone.now() - REPAIRS_SHOWN_FOR)
    return list(rows.select_related("payment__order").order_by("-pk")[:limit])


@dataclass(frozen=True)
class MonitorState:
    """A monitor and its newest look; ``good_at`` is that of its newest look that did not fail."""

    monitor: Monitor
    last: MonitorRun | None
    good_at: datetime | None


# One index look-up for each monitor and question; DISTINCT ON would read a month of runs.
_NEWEST_RUNS = """
SELECT run.*, good.started_at AS good_at
  FROM unnest(%s::text[]) AS name
 CROSS JOIN LATERAL (SELECT * FROM monitoring_monitorrun r
                      WHERE r.monitor = name ORDER BY r.id DESC LIMIT 1) AS run
  LEFT JOIN LATERAL (SELECT started_at FROM monitoring_monitorrun r
                      WHERE r.monitor = name AND r.error = '' ORDER BY r.id DESC LIMIT 1) AS good ON true
"""


def monitor_states() -> list[MonitorState]:
    """Return every monitor with its newest run (one query, whatever the number of runs)."""
    names = [monitor.name for monitor in MONITORS]
    last: dict[str, Any] = {run.monitor: run for run in MonitorRun.objects.raw(_NEWEST_RUNS, [names])}
    return [
        MonitorState(monitor, run, run.good_at if run is not None else None)
        for monitor in MONITORS
        for run in [last.get(monitor.name)]
    ]


@dataclass(frozen=True)
class JobState:
    """A job of the schedule and its newest heartbeat."""

    job: str
    heartbeat: heartbeats.Heartbeat | None


def job_states() -> list[JobState]:
    """Return every scheduled job with its newest heartbeat; works without a database."""
    found = heartbeats.last_heartbeats()
    return [JobState(job.label, found.get(job.label)) for job in scheduled_jobs()]


def undelivered_alerts() -> int:
    """Return how many alerts nobody took, neither Resend nor SMTP: the admin's banner, and ``/metrics``."""
    return UndeliveredAlert.objects.filter(mail__state=MailState.FAILED, smtp_sent_at=None).count()


def alarms() -> tuple[int, int]:
    """Return how many alerts nobody took, and how many critical incidents nobody has taken charge of (one query)."""
    undelivered = UndeliveredAlert.objects.filter(mail__state=MailState.FAILED, smtp_sent_at=None).order_by()
    critical = Incident.objects.filter(state=IncidentState.OPEN, severity=Severity.CRITICAL).order_by()
    both = list(
        undelivered.annotate(what=Value("undelivered"))
        .values_list("what")
        .union(critical.annotate(what=Value("critical")).values_list("what"), all=True)
    )
    return both.count(("undelivered",)), both.count(("critical",))


def database_outage() -> outage.Outage | None:
    """Return the outage that the monitors see, from its file."""
    return outage.load()
