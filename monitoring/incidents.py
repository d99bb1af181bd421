"""The life of an incident: opened by a finding, closed by two good looks at its own subject that find nothing.

The only writer of ``Incident``. ``record`` runs inside the caller's transaction; what staff do (acknowledge, snooze,
resolve) opens its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.utils import timezone

from config.database import unit_of_work
from config.mail import one_line
from monitoring.models import Incident, IncidentEvent, IncidentEventKind, IncidentState
from monitoring.monitors.base import Finding, Monitor

Kind = IncidentEventKind

CLEAN_RUNS_TO_RESOLVE = 2
REOPEN_WITHIN = timedelta(minutes=30)
HEAL_AGAIN_AFTER = (timedelta(minutes=4), timedelta(minutes=15), timedelta(hours=1))
"""Waits between tries to heal; the last one goes on."""
MACHINE = "monitor"
_CAUSE_GONE = "cause gone: two checks in a row found nothing"
LIVE = (IncidentState.OPEN, IncidentState.ACKNOWLEDGED)


@dataclass
class Changes:
    """What one look changed. ``open`` counts the incidents that live afterwards."""

    opened: int = 0
    resolved: int = 0
    open: int = 0


def fingerprint(monitor: str, subject_key: str) -> str:
    """Return what makes the next run know an incident again: the monitor and the subject, and nothing that changes."""
    return hashlib.sha256(f"{monitor}|{subject_key}".encode()).hexdigest()


def record(
    monitor: Monitor,
    findings: Sequence[Finding],
    *,
    clean: Collection[str],
    now: datetime,
    healed: Mapping[str, str] | None = None,
    tried: Collection[str] = (),
) -> Changes:
    """Bring the incidents of ``monitor`` into line with one good look, in the caller's transaction.

    ``clean`` names the subjects of live incidents that were looked at again and are right; what is neither found nor
    clean is left as it is. ``healed`` says what was done about subjects that are right since, ``tried`` names those
    about which something was tried. Locks the monitor's live incidents.
    """
    live = {row.subject_key: row for row in lock_live(monitor.name)}
    changes = Changes()
    for finding in {finding.key: finding for finding in findings}.values():
        incident = live.get(finding.key)
        if incident is not None:
            _seen_again(incident, monitor, finding, now)
        else:
            incident = live[finding.key] = _reopened(monitor, finding, now) or _opened(monitor, finding, now)
            changes.opened += 1
        if finding.key in tried:
            _put_healing_off(incident, now)
    for key in clean:
        incident = live.get(key)
        if incident is None:
            continue
        if how := (healed or {}).get(key):
            _note_healed(incident, how, now)
        incident.clean_runs += 1
        if incident.clean_runs >= CLEAN_RUNS_TO_RESOLVE:
            how = f"healed by itself: {incident.healed}" if incident.healed else _CAUSE_GONE
            _resolve(incident, how=how, actor=MACHINE, now=now)
            changes.resolved += 1
        else:
            incident.save(update_fields=["clean_runs"])
    changes.open = sum(incident.state in LIVE for incident in live.values())
    return changes


def _put_healing_off(incident: Incident, now: datetime) -> None:
    wait = HEAL_AGAIN_AFTER[min(incident.heal_attempts, len(HEAL_AGAIN_AFTER) - 1)]
    incident.heal_attempts, incident.heal_after = incident.heal_attempts + 1, now + wait
    incident.save(update_fields=["heal_attempts", "heal_after"])


def _note_healed(incident: Incident, how: str, now: datetime) -> None:
    incident.healed = how[:200]
    incident.save(update_fields=["healed"])
    note(incident, Kind.HEALED, text=how, now=now)


def lock_live(monitor: str) -> list[Incident]:
    """Lock and return the live incidents of a monitor, oldest first."""
    rows = Incident.objects.select_for_update(of=("self",), no_key=True)
    return list(rows.filter(monitor=monitor, state__in=LIVE).order_by("pk"))


def live_keys(monitor: str) -> list[str]:
    """Return the subjects of a monitor's live incidents."""
    rows = Incident.objects.filter(monitor=monitor, state__in=LIVE).order_by("pk")
    return list(rows.values_list("subject_key", flat=True))


def _seen_again(incident: Incident, monitor: Monitor, finding: Finding, now: datetime) -> None:
    incident.last_seen_at = now
    incident.seen_count += 1
    incident.clean_runs = 0
    incident.healed = ""
    _describe(incident, monitor, finding)
    incident.save(
        update_fields=["last_seen_at", "seen_count", "clean_runs", "healed", "severity", "subject", "evidence"],
    )


def _opened(monitor: Monitor, finding: Finding, now: datetime) -> Incident:
    incident = Incident(
        monitor=monitor.name,
        subject_key=finding.key,
        fingerprint=fingerprint(monitor.name, finding.key),
        first_seen_at=now,
        last_seen_at=now,
    )
    _describe(incident, monitor, finding)
    incident.save()
    note(incident, Kind.OPENED, now=now)
    return incident


def _reopened(monitor: Monitor, finding: Finding, now: datetime) -> Incident | None:
    """Open again what was resolved a moment ago: a cause that comes and goes is one incident, not twenty."""
    rows = Incident.objects.select_for_update(of=("self",), no_key=True).filter(
        fingerprint=fingerprint(monitor.name, finding.key),
        state=IncidentState.RESOLVED,
        resolved_at__gte=now - REOPEN_WITHIN,
    )
    incident = rows.order_by("-resolved_at").first()
    if incident is None:
        return None
    incident.state = IncidentState.OPEN
    incident.resolved_at, incident.resolved_how, incident.resolved_told = None, "", False
    incident.acknowledged_at, incident.acknowledged_by = None, ""
    incident.reopened_at, incident.reopened_count = now, incident.reopened_count + 1
    incident.escalation_level, incident.clean_runs, incident.healed = 0, 0, ""
    incident.last_seen_at, incident.seen_count = now, incident.seen_count + 1
    _describe(incident, monitor, finding)
    incident.save()
    note(incident, Kind.REOPENED, now=now)
    return incident


def _describe(incident: Incident, monitor: Monitor, finding: Finding) -> None:
    """Copy what was seen: the mail is written from the incident, not from the finding."""
    incident.severity = finding.severity or monitor.severity
    incident.subject = one_line(finding.subject)
    incident.evidence = {
        "description": finding.description or monitor.description,
        "action": finding.action or monitor.action,
        "kind": finding.kind,
        "details": [[label, one_line(str(value))] for label, value in finding.details],
    }


def _resolve(incident: Incident, *, how: str, actor: str, now: datetime) -> None:
    incident.state = IncidentState.RESOLVED
    incident.resolved_at = now
    incident.resolved_how = how[:200]
    incident.snoozed_until = None
    incident.save(update_fields=["state", "resolved_at", "resolved_how", "snoozed_until", "clean_runs"])
    note(incident, Kind.RESOLVED, actor=actor, text=how, now=now)


def note(incident: Incident, kind: IncidentEventKind, *, now: datetime, actor: str = MACHINE, text: str = "") -> None:
    """Write one line of the incident's history."""
    IncidentEvent.objects.create(incident=incident, kind=kind, actor=actor[:80], note=text[:200], created_at=now)


# --- what staff do ----------------------------------------------------------------------------------------------------


def acknowledge(*, incident_id: int, actor: str) -> bool:
    """Say that somebody is at it: no more reminders. False when it is not open any more."""
    return unit_of_work(partial(_acknowledge, incident_id, actor))


def _acknowledge(incident_id: int, actor: str) -> bool:
    incident = _lock(incident_id)
    if incident.state != IncidentState.OPEN:
        return False
    now = timezone.now()
    incident.state = IncidentState.ACKNOWLEDGED
    incident.acknowledged_at, incident.acknowledged_by = now, actor[:80]
    incident.save(update_fields=["state", "acknowledged_at", "acknowledged_by"])
    note(incident, Kind.ACKNOWLEDGED, actor=actor, now=now)
    return True


def snooze(*, incident_id: int, until: datetime, actor: str) -> bool:
    """Send no reminders until ``until``. False when it is resolved already."""

    def body() -> bool:
        incident = _lock(incident_id)
        if incident.state not in LIVE:
            return False
        incident.snoozed_until = until
        incident.save(update_fields=["snoozed_until"])
        note(
            incident, Kind.SNOOZED, actor=actor, text=f"until {until.isoformat(timespec='minutes')}", now=timezone.now()
        )
        return True

    return unit_of_work(body)


def resolve(*, incident_id: int, actor: str, reason: str) -> bool:
    """Close it by a person's decision; if the cause is there still, the next run reopens it. False: it was closed."""

    def body() -> bool:
        incident = _lock(incident_id)
        if incident.state not in LIVE:
            return False
        _resolve(incident, how=f"by {actor}: {reason.strip() or 'no reason given'}", actor=actor, now=timezone.now())
        return True

    return unit_of_work(body)


def _lock(incident_id: int) -> Incident:
    return Incident.objects.select_for_update(of=("self",), no_key=True).get(pk=incident_id)
