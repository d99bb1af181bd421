"""One mail to whoever has not paid yet, some time before the order's deadline."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db.models import Exists, OuterRef, Value
from django.db.models.functions import Concat

from config.database import database_now, unit_of_work
from config.models import OutgoingMail
from orders.emails import queue_order_mail
from orders.locks import lock_order
from orders.models import Order
from orders.states import OrderStatus
from payments.models import Payment
from payments.services.one_by_one import log_and_go_on
from payments.states import MONEY_CAME, PaymentStatus

logger = logging.getLogger(__name__)

MAIL = "order_reminder"
TOO_LATE = timedelta(minutes=20)  # a new payment needs ten, and the mail has to be read


def due_reminders(limit: int) -> list[int]:
    """Return the ids of unpaid orders whose deadline is near and that were not mentioned yet, the nearest first.

    Only orders that had at least as long before: with a short payment window the first mail is reminder enough.
    """
    lead = timedelta(minutes=settings.PAYMENT_REMINDER_MINUTES)
    if not lead:
        return []
    now = database_now()
    key = Concat(Value(f"{MAIL}/"), OuterRef("number"))
    orders = Order.objects.filter(
        status=OrderStatus.PENDING_PAYMENT,
        closing_at__isnull=True,
        payment_hold="",
        expires_at__gt=now + TOO_LATE,
        expires_at__lte=now + lead,
        created_at__lte=now - lead,
    )
    known = Exists(OutgoingMail.objects.filter(idempotency_key=key))
    return list(orders.exclude(known).order_by("expires_at").values_list("pk", flat=True)[:limit])


def remind_unpaid(
    *,
    limit: int = 200,
    deadline_s: float = 40.0,
    should_stop: Callable[[], bool] = lambda: False,
) -> int:
    """Queue the reminders that are due, one order per transaction, and return how many."""
    until, done = time.monotonic() + deadline_s, 0
    for pk in due_reminders(limit):
        if should_stop() or time.monotonic() > until:
            break
        try:
            done += unit_of_work(partial(_remind, pk))
        except Exception as error:
            log_and_go_on(error, "reminder.failed", order_id=pk)
    return done


def _remind(pk: int) -> bool:
    """Judge once more under the order's lock: whoever has just paid is not reminded."""
    order = lock_order(pk)
    if order.status != OrderStatus.PENDING_PAYMENT or order.is_closing or order.payment_hold:
        return False
    money = [status.value for status in (*MONEY_CAME, PaymentStatus.CHALLENGE)]
    if Payment.objects.filter(order=order, status__in=money).exists():
        return False
    queue_order_mail(MAIL, order)
    return True
