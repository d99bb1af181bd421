"""The words of an alert: the report's form, as text and as HTML. Rendered once, from the incident as it is stored."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from config.rendering import RenderedMail, render_mail
from monitoring.models import Incident
from monitoring.monitors.asking import duration
from monitoring.monitors.base import Monitor

DIGEST_SHOWS = 20
_ICONS = {"CRITICAL": "🚨", "HIGH": "⚠️"}


class AlertKind(enum.StrEnum):
    """Why a mail about an incident is sent; part of its key."""

    OPENED = "opened"
    REOPENED = "reopened"
    REPEAT = "repeat"
    ESCALATED = "escalated"
    RESOLVED = "resolved"


_NOTES = {
    AlertKind.OPENED: "",
    AlertKind.REOPENED: "It had been resolved and is back.",
    AlertKind.REPEAT: "Reminder: this is still so, and nobody has acknowledged it.",
    AlertKind.ESCALATED: "Nobody has acknowledged this yet, so more people are told.",
    AlertKind.RESOLVED: "",
}


def render_alert(monitor: Monitor, incident: Incident, kind: AlertKind, *, now: datetime) -> RenderedMail:
    """Return the mail about one incident."""
    resolved = kind is AlertKind.RESOLVED
    evidence = incident.evidence
    return render_mail(
        "alert",
        {
            "icon": "✅" if resolved else _ICONS[incident.severity],
            "label": "RESOLVED" if resolved else incident.severity,
            "resolved": resolved,
            "title": monitor.title,
            "note": _NOTES[kind],
            "description": evidence.get("description", monitor.description),
            "details": evidence.get("details", []),
            "action": evidence.get("action", monitor.action),
            "monitor": monitor,
            "code": incident.code,
            "first_seen": wib(incident.first_seen_at),
            "lasted": duration(((incident.resolved_at or now) - incident.first_seen_at).total_seconds()),
            "resolved_how": incident.resolved_how,
            "url": admin_url(),
        },
    )


def render_digest(
    monitor: Monitor,
    members: Sequence[tuple[Incident, AlertKind]],
    *,
    total: int,
    resolved: bool,
    now: datetime,
) -> RenderedMail:
    """Return one mail about many incidents of one monitor: the first twenty and how many there are."""
    worst = "CRITICAL" if any(incident.severity == "CRITICAL" for incident, _ in members) else "HIGH"
    return render_mail(
        "alert_digest",
        {
            "icon": "✅" if resolved else _ICONS[worst],
            "label": "RESOLVED" if resolved else worst,
            "resolved": resolved,
            "title": monitor.title,
            "description": monitor.description,
            "action": monitor.action,
            "monitor": monitor,
            "total": len(members) if resolved else total,
            "members": [incident for incident, _ in members[:DIGEST_SHOWS]],
            "more": max(0, (len(members) if resolved else total) - DIGEST_SHOWS),
            "url": admin_url(),
        },
    )


def render_capped(*, held_back: int, cap: int) -> RenderedMail:
    """Return the mail that says that further mails are held back."""
    return render_mail("alert_capped", {"held_back": held_back, "cap": cap, "url": admin_url()})


def admin_url() -> str:
    """Return where staff look at incidents."""
    return f"{settings.SITE_URL}{reverse('monitoring:dashboard')}"


def wib(moment: datetime) -> str:
    """Return a time as the owner's clock shows it."""
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M} WIB"
