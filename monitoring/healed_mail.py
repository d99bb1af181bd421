"""Telling the owner what the shop put right by itself: the first at once, what follows once a day.

Something that heals is no alarm, but somebody has to know that it happens: a lost notification points at the network,
an effect that went missing at a bug.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from config.models import OutgoingMail
from config.rendering import RenderedMail, render_mail
from monitoring import alerts
from monitoring.alert_mail import DIGEST_SHOWS, admin_url, wib
from payments.models import Repair, RepairKind
from payments.services.repairs import mark_told

REFERENCE = "healed"
EVERY = timedelta(hours=24)
_TELLS_AT_MOST = 1000

_SENTENCES = {
    RepairKind.REAPPLIED: "money that Midtrans confirms had no effect; it was applied again, order {before} -> {after}",
    RepairKind.FOUND: "no notification told it; found by asking Midtrans, {before} -> {after}",
    RepairKind.CLOSED: "overdue and still open; settled with Midtrans, {before} -> {after}",
}


def tell_healed(*, now: datetime) -> int:
    """Write the mail about repairs that nobody was told of, if one is due; in the caller's transaction. Mails written.

    One mail in 24 hours at most, and none beyond the hourly cap: what is not told now is told with the next one.
    """
    told_lately = OutgoingMail.objects.filter(kind=alerts.KIND, reference=REFERENCE, created_at__gt=now - EVERY)
    rows = Repair.objects.select_for_update(of=("self",), no_key=True).filter(told_at=None).order_by("pk")
    to = alerts.recipients(0)
    if told_lately.exists() or alerts.room_left() < len(to):
        return 0
    repairs = list(rows.select_related("payment__order")[:_TELLS_AT_MOST])
    if not repairs:
        return 0
    key = f"alert/healed/{repairs[0].pk}"
    queued = alerts.queue_alert(key=key, reference=REFERENCE, to=to, mail=render_healed(repairs)._asdict())
    mark_told(repairs, now=now)
    return queued


def render_healed(repairs: list[Repair]) -> RenderedMail:
    """Return the mail about these repairs: the first twenty and how many there are."""
    return render_mail(
        "alert_healed",
        {
            "total": len(repairs),
            "repairs": [(_subject(repair), sentence(repair)) for repair in repairs[:DIGEST_SHOWS]],
            "more": max(0, len(repairs) - DIGEST_SHOWS),
            "url": admin_url(),
        },
    )


def sentence(repair: Repair) -> str:
    """Say what was wrong and what was done."""
    what = _SENTENCES[RepairKind(repair.kind)].format(before=repair.before, after=repair.after)
    return f"{what} ({repair.actor}, {wib(repair.created_at)})"


def _subject(repair: Repair) -> str:
    return repair.payment.order.number if repair.payment.order else repair.payment.gateway_id
