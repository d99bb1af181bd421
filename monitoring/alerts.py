"""Who is told what, and when: mails about incidents, written into the outbox in the transaction of their cause.

One mail when an incident opens, reminders while nobody acknowledges it, one when it is resolved, none while it follows
from another one; one digest instead of many; never more than ``HOURLY_CAP`` an hour. What the cap holds back stays due
and goes out when there is room.
"""

from __future__ import annotations

import enum
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models.functions import Now

from config.models import OutgoingMail
from config.outbox import queue_mail
from monitoring import incidents
from monitoring.alert_mail import AlertKind, render_alert, render_capped, render_digest
from monitoring.models import Incident, IncidentEventKind, IncidentState, Severity
from monitoring.monitors.base import Monitor

logger = logging.getLogger(__name__)

KIND = "alert"
"""The outbox' name for these mails."""
REPEAT_AFTER = {Severity.CRITICAL: timedelta(minutes=30), Severity.HIGH: timedelta(hours=4)}
ESCALATE_AFTER = (timedelta(minutes=30), timedelta(hours=2))
"""CRITICAL and not acknowledged for so long: the first further address is told, then all."""
REOPENED_AFTER = timedelta(minutes=30)
DIGEST_ABOVE = 5
HOURLY_CAP = 30
_SLACK = timedelta(minutes=1)  # cron's minute is not exact; half an hour is six runs, not seven


class Group(enum.Enum):
    """What may share a digest."""

    OPEN = "opened"
    REMIND = "reminder"
    RESOLVED = "resolved"


GROUPS = {
    AlertKind.OPENED: Group.OPEN,
    AlertKind.REOPENED: Group.OPEN,
    AlertKind.REPEAT: Group.REMIND,
    AlertKind.ESCALATED: Group.REMIND,
    AlertKind.RESOLVED: Group.RESOLVED,
}


@dataclass
class Told:
    """What ``notify`` did: mails written, and incidents whose mail the cap holds back."""

    mails: int = 0
    held_back: int = 0


def due(incident: Incident, now: datetime) -> AlertKind | None:
    """Return which mail about this incident is due, if any."""
    if incident.state == IncidentState.RESOLVED:
        return AlertKind.RESOLVED if incident.notices and not incident.resolved_told else None
    if incident.state == IncidentState.ACKNOWLEDGED or (incident.snoozed_until and incident.snoozed_until > now):
        return None
    if incident.muted_by:
        return None
    if not incident.notices or incident.last_notified_at is None:
        return AlertKind.OPENED
    since = now - incident.last_notified_at + _SLACK
    if incident.reopened_at and incident.last_notified_at < incident.reopened_at:
        return AlertKind.REOPENED if since >= REOPENED_AFTER else None
    if level_at(incident, now) > incident.escalation_level:
        return AlertKind.ESCALATED
    return AlertKind.REPEAT if since >= REPEAT_AFTER[Severity(incident.severity)] else None


def level_at(incident: Incident, now: datetime) -> int:
    """Return how far an incident that nobody acknowledges has escalated by ``now``."""
    if incident.severity != Severity.CRITICAL or not settings.ALERT_ESCALATION_EMAIL:
        return 0
    age = now - (incident.reopened_at or incident.first_seen_at) + _SLACK
    return sum(age >= step for step in ESCALATE_AFTER)


def recipients(level: int) -> list[str]:
    """Return the addresses of an escalation level."""
    first = [address.strip() for address in settings.ALERT_EMAIL.split(",") if address.strip()]
    further = list(settings.ALERT_ESCALATION_EMAIL)
    wanted = first + (further if level >= len(ESCALATE_AFTER) else further[:level])
    return list(dict.fromkeys(wanted))


def notify(monitor: Monitor, *, total: int, now: datetime) -> Told:
    """Write the mails that are due about one monitor's incidents, in the caller's transaction.

    ``total`` is how many things are wrong, of which the incidents are the first hundred. Locks the incidents.
    """
    told = Told()
    untold = Incident.objects.select_for_update(of=("self",), no_key=True).filter(
        monitor=monitor.name, state=IncidentState.RESOLVED, resolved_told=False,
    )  # fmt: skip
    waiting: dict[Group, list[tuple[Incident, AlertKind]]] = {}
    for incident in [*incidents.lock_live(monitor.name), *untold.order_by("pk")]:
        kind = due(incident, now)
        if kind is not None:
            waiting.setdefault(GROUPS[kind], []).append((incident, kind))
        elif incident.state == IncidentState.RESOLVED:
            # Nobody was told that it was wrong, so nobody is told that it is right again.
            incident.resolved_told = True
            incident.save(update_fields=["resolved_told"])
    for group, members in waiting.items():
        if len(members) > DIGEST_ABOVE:
            _tell(monitor, group, members, total=total, now=now, told=told)
        else:
            for member in members:
                _tell(monitor, group, [member], total=total, now=now, told=told)
    return told


def _tell(
    monitor: Monitor,
    group: Group,
    members: Sequence[tuple[Incident, AlertKind]],
    *,
    total: int,
    now: datetime,
    told: Told,
) -> None:
    """Write one mail about one incident, or one digest about many, to everybody whom it concerns."""
    levels = {incident.pk: level_at(incident, now) for incident, _ in members if group is not Group.RESOLVED}
    level = max([0, *levels.values(), *(incident.escalation_level for incident, _ in members)])
    to = recipients(level)
    if room_left() < len(to):
        told.held_back += len(members)
        return
    first, kind = members[0]
    if len(members) == 1:
        mail = render_alert(monitor, first, kind, now=now)
        key = f"alert/{first.code}/{kind.value}/{first.notices + 1}"
    else:
        mail = render_digest(
            monitor, members, total=max(total, len(members)), resolved=group is Group.RESOLVED, now=now
        )
        key = f"alert/{first.code}/digest-{group.value}/{first.notices + 1}"
    told.mails += queue_alert(key=key, reference=first.code, to=to, mail=mail._asdict())
    for incident, own_kind in members:
        incident.notices += 1
        incident.last_notified_at = now
        incident.escalation_level = max(incident.escalation_level, levels.get(incident.pk, 0))
        incident.resolved_told = incident.state == IncidentState.RESOLVED
        incident.save(update_fields=["notices", "last_notified_at", "escalation_level", "resolved_told"])
        text = f"{own_kind.value} to {len(to)} address{'es' if len(to) > 1 else ''}"
        incidents.note(incident, IncidentEventKind.NOTIFIED, text=text, now=now)


def queue_alert(*, key: str, reference: str, to: Sequence[str], mail: dict[str, str]) -> int:
    """Put one alert for each address into the outbox and return how many are new. ``key`` names the alert for ever."""
    queued = 0
    for number, address in enumerate(to):
        own_key = key if not number else f"{key}/{number}"
        queued += queue_mail(kind=KIND, to=address, key=own_key, reference=reference, **mail)
    return queued


def room_left() -> int:
    """Return how many alert mails may still be written within the hour."""
    return HOURLY_CAP - OutgoingMail.objects.filter(kind=KIND, created_at__gt=Now() - timedelta(hours=1)).count()


def tell_capped(*, held_back: int, now: datetime) -> int:
    """Say once an hour that more is wrong than the mails tell; in the caller's transaction."""
    if not held_back:
        return 0
    logger.error("alerts.capped", extra={"held_back": held_back})
    key = f"alert/capped/{now:%Y%m%d%H}"
    if OutgoingMail.objects.filter(idempotency_key=key).exists():
        return 0
    mail = render_capped(held_back=held_back, cap=HOURLY_CAP)
    return queue_alert(key=key, reference="capped", to=recipients(0), mail=mail._asdict())
