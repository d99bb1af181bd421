"""What Midtrans lets one give back, by how it was paid: until when, at which hours, and whether only as a whole.

The numbers are the gateway's, so they stand in the settings (``REFUND_WINDOW_DAYS``, ``REFUND_CLOSED_HOURS``); where
its pages name two for one way of paying, the shorter one does. A way without a number has no end that is known.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from payments.mapping import FULL_REFUND_ONLY, refund_channel_is_api
from payments.models import PaymentTransaction

WIB = ZoneInfo("Asia/Jakarta")
OPENS_AFTER = timedelta(minutes=5)


def days_of(row: PaymentTransaction) -> int | None:
    """Return for how many days after settlement the gateway gives this money back; None: no end is known."""
    windows: dict[str, int] = settings.REFUND_WINDOW_DAYS
    kind = str(row.raw.get("transaction_type") or "").lower()
    return windows.get(f"{row.payment_type} {kind}", windows.get(row.payment_type))


def window_end(row: PaymentTransaction) -> datetime | None:
    """Return until when the gateway gives this money back; None: no end is known."""
    days = days_of(row)
    return None if days is None else settled_at(row) + timedelta(days=days)


def settled_at(row: PaymentTransaction) -> datetime:
    """Return when the money came, as the gateway says it (in WIB), else as we saw it."""
    for name in ("settlement_time", "transaction_time"):
        try:
            moment = datetime.strptime(str(row.raw.get(name) or ""), "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - WIB below
        except ValueError:
            continue
        return moment.replace(tzinfo=WIB)
    return row.payment.success_at or row.created_at


def goes_by_api(row: PaymentTransaction, now: datetime | None = None) -> bool:
    """Return whether the gateway itself can give this money back now, its hours aside."""
    end = window_end(row)
    return refund_channel_is_api(row.payment_type) and (end is None or (now or timezone.now()) < end)


def must_be_whole(row: PaymentTransaction) -> bool:
    """Return whether the gateway gives this money back only as a whole."""
    return row.payment_type in FULL_REFUND_ONLY or row.raw_status == "capture"


def closed_until(row: PaymentTransaction, now: datetime | None = None) -> datetime | None:
    """Return when the gateway's hours for this way of paying begin again; None while they are open."""
    hours = settings.REFUND_CLOSED_HOURS.get(row.payment_type)
    if hours is None:
        return None
    start, end = (time.fromisoformat(text) for text in hours)
    local = (now or timezone.now()).astimezone(WIB)
    closed = start <= local.time() < end if start < end else (local.time() >= start or local.time() < end)
    if not closed:
        return None
    opening = local.replace(hour=end.hour, minute=end.minute, second=0, microsecond=0)
    return opening + OPENS_AFTER + (timedelta(days=1) if opening <= local else timedelta())
