"""Which incident mutes which: what follows from a trouble that is being told already makes no mails of its own.

``MUTES`` is the whole of it. A muted incident is recorded, shown and counted like any other; only its mails wait. A
cause mutes for as long as its incident lives, so until two looks in a row found it gone: what is there still in that
second look has outlived its cause by a run, and is mailed then. (With the database down no monitor runs at all: that
mutes everything, see ``monitoring.outage``.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from monitoring import incidents
from monitoring.models import Incident, IncidentEventKind
from monitoring.monitors import Monitor


@dataclass(frozen=True)
class Mute:
    """``cause`` is (monitor, subject). ``kinds`` names which findings of ``monitor`` follow from it; none: all."""

    cause: tuple[str, str]
    monitor: str
    kinds: tuple[str, ...] = ()


_GATEWAY_AWAY = ("gateway_trouble", "trouble:unreachable")
_KEY_REFUSED = ("gateway_trouble", "trouble:server_key_refused")
_GATEWAY_FORGOT = ("gateway_trouble", "trouble:many_unknown")
_MAIL_AWAY = ("mail_backlog", "outbox:queue")

MUTES: tuple[Mute, ...] = (
    *(
        mute
        for cause in (_GATEWAY_AWAY, _KEY_REFUSED, _GATEWAY_FORGOT)
        for mute in (
            Mute(cause, "open_payment_overdue"),
            Mute(cause, "order_stuck", ("unpaid", "closing")),
            Mute(cause, "webhook_silence"),
        )
    ),
    Mute(_GATEWAY_AWAY, "notification_backlog", ("unanswered",)),
    Mute(_KEY_REFUSED, "notification_backlog", ("unanswered", "queue")),
    # These jobs stop, and say that they failed, when the key is refused or the gateway has forgotten too much.
    Mute(
        _KEY_REFUSED,
        "job_silence",
        ("failed expire_orders", "failed process_notifications", "failed reconcile_payments"),
    ),
    Mute(_GATEWAY_FORGOT, "job_silence", ("failed expire_orders", "failed reconcile_payments")),
    Mute(_MAIL_AWAY, "mail_backlog", ("given up",)),
    Mute(_MAIL_AWAY, "job_silence", ("failed send_mail_queue",)),
)


def muted_by(monitor: str, kind: str, causes: Mapping[tuple[str, str], str]) -> str:
    """Return the live cause that mutes a finding of this kind, as (monitor, subject) -> code in ``causes``; or none."""
    for mute in MUTES:
        if mute.monitor == monitor and mute.cause in causes and (not mute.kinds or kind in mute.kinds):
            return f"{causes[mute.cause]} {mute.cause[0]}"
    return ""


def live_causes(monitor: str) -> dict[tuple[str, str], str]:
    """Return the codes of the live incidents that mute something of ``monitor``."""
    wanted = {mute.cause for mute in MUTES if mute.monitor == monitor}
    if not wanted:
        return {}
    rows = Incident.objects.filter(state__in=incidents.LIVE, monitor__in={name for name, _ in wanted})
    found = {(name, key): code for name, key, code in rows.values_list("monitor", "subject_key", "code")}
    return {cause: found[cause] for cause in wanted & set(found)}


def mute(monitor: Monitor, *, now: datetime) -> int:
    """Mark the live incidents of a monitor that follow from another one, and return how many; before anybody is told.

    Runs in the transaction that recorded them. Locks them.
    """
    if not any(each.monitor == monitor.name for each in MUTES):
        return 0
    causes, muted = live_causes(monitor.name), 0
    for incident in incidents.lock_live(monitor.name):
        cause = muted_by(monitor.name, incident.evidence.get("kind", ""), causes)
        muted += bool(cause)
        if cause == incident.muted_by:
            continue
        text = f"follows from {cause}" if cause else "outlived what it followed from"
        incident.muted_by = cause
        incident.save(update_fields=["muted_by"])
        incidents.note(incident, IncidentEventKind.MUTED, text=text, now=now)
    return muted
