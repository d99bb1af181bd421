"""Asking the gateway about payments that no notification settled, and sweeping it after a restore."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from config.database import database_now, unit_of_work
from orders.locks import lock_order
from orders.models import Order
from orders.states import OrderStatus
from payments import journal, mapping
from payments.errors import GatewayError, GatewayKeyError, GatewayUnavailableError, TransactionMissingError
from payments.gateway import gateway
from payments.journal import JournalEntry
from payments.locks import lock_payments_of
from payments.models import Payment
from payments.services.ask import ManyUnknown, ask_about, end_trouble, note_trouble
from payments.services.notifications import record_orphan
from payments.services.record import record_answer
from payments.states import DEAD, OPEN, TRANSACTION_PAID, PaymentStatus, TransactionStatus
from shop.services.site import site_state, sweep_done

logger = logging.getLogger(__name__)

OPEN_AFTER = timedelta(minutes=10)
HOURLY_FOR = timedelta(hours=8)
DAILY_FOR = timedelta(days=3)


@dataclass
class ReconcileRun:
    """What one run did. ``changed`` counts payments whose status is another one now."""

    checked: int = 0
    changed: int = 0
    failed: int = 0
    recorded: int = 0
    stopped: str = ""


def reconcile_payments(
    *,
    order: Order | None = None,
    limit: int = 500,
    deadline_s: float = 240.0,
    dry_run: bool = False,
    should_stop: Callable[[], bool] = lambda: False,
) -> ReconcileRun:
    """Ask about open payments older than 10 minutes, and about dead ones hourly for 8 hours and daily for 3 days.

    With ``order`` all its payments are asked about. Answers are applied by the same service as the webhook's. A
    refused key, or many payments that the gateway should know and does not, stop the run with a fact.
    """
    until = time.monotonic() + deadline_s
    run = ReconcileRun()
    unknown, known = ManyUnknown(), 0
    for payment in order.payments.order_by("pk") if order else _due(limit):
        if time.monotonic() > until or should_stop():
            run.stopped = "asked" if should_stop() else "deadline"
            break
        run.checked += 1
        if dry_run:
            continue
        try:
            asked = ask_about(payment)
        except GatewayKeyError:
            run.stopped = "server_key_refused"
            break
        except GatewayError as error:
            run.failed += 1
            logger.warning("reconcile.no_answer", extra={"payment": payment.gateway_id, "code": error.code})
            Payment.objects.filter(pk=payment.pk).update(checked_at=timezone.now())
            continue
        if unknown.add(asked.lost):
            run.stopped = ManyUnknown.KIND
            break
        if asked.found:
            known += 1
            end_trouble("server_key_refused")
        seen = payment.status
        payment.refresh_from_db(fields=["status"])
        run.changed += payment.status != seen
    else:
        unknown.run_is_over(known)
    return run


def _due(limit: int) -> list[Payment]:
    """Return the payments to ask about now, longest unasked first. Deadlines count by the database's clock."""
    opened = Q(status__in=[status.value for status in OPEN], created_at__lte=Now() - OPEN_AFTER)
    dead = Q(status__in=[status.value for status in DEAD])
    hourly = dead & Q(expires_at__gt=Now() - HOURLY_FOR) & _unasked_for(timedelta(minutes=59))
    daily = dead & Q(expires_at__gt=Now() - DAILY_FOR) & _unasked_for(timedelta(hours=23, minutes=59))
    due = Payment.objects.filter(opened | hourly | daily)
    return list(due.order_by(F("checked_at").asc(nulls_first=True), "pk")[:limit])


def _unasked_for(wait: timedelta) -> Q:
    return Q(checked_at__isnull=True) | Q(checked_at__lte=Now() - wait)


def sweep(*, since: datetime, dry_run: bool = False) -> ReconcileRun:
    """Ask the gateway about every payment that the journal knows since ``since``, then open the shop.

    Payments that this database has are brought up to date; confirmed money whose payment it does not have is attached
    to its order, or recorded without one for staff. The shop stays closed when an id could not be asked about.
    """
    run = ReconcileRun()
    for entry in journal.read_since(since):
        run.checked += 1
        if dry_run:
            continue
        try:
            _sweep_one(entry, run)
        except GatewayKeyError:
            note_trouble("server_key_refused", "Midtrans menolak server key")
            run.stopped = "server_key_refused"
            break
        except GatewayError as error:
            run.failed += 1
            logger.warning("sweep.no_answer", extra={"payment": entry.gateway_id, "code": error.code})
    complete = not run.stopped and not run.failed
    swept_from = site_state().sweep_since
    if complete and not dry_run and swept_from is not None and since <= swept_from:
        sweep_done()
    return run


def _sweep_one(entry: JournalEntry, run: ReconcileRun) -> None:
    payment = Payment.objects.filter(gateway_id=entry.gateway_id).first()
    if payment is not None:
        seen = payment.status
        ask_about(payment)
        payment.refresh_from_db(fields=["status"])
        run.changed += payment.status != seen
        return
    order = Order.objects.filter(number=entry.order_number).first()
    asked_at = database_now()
    try:
        answer = gateway().status(entry.gateway_id)
    except TransactionMissingError:
        if order is not None:
            unit_of_work(partial(_reissue, entry, order.pk))  # its page may still be open in somebody's browser
        return
    if answer.order_id not in {entry.gateway_id, answer.transaction_id}:
        raise GatewayUnavailableError("the answer is about another payment", sent=True, answered=True)
    shown = mapping.transaction_status(answer)
    if order is not None:
        lost = unit_of_work(partial(_reissue, entry, order.pk, waits=shown is TransactionStatus.PENDING))
        record_answer(payment_id=lost.pk, answer=answer, asked_at=asked_at)
    elif shown in TRANSACTION_PAID:
        record_orphan(gateway_id=entry.gateway_id, answer=answer, asked_at=asked_at)
    else:
        return
    run.recorded += 1


def _reissue(entry: JournalEntry, order_id: int, *, waits: bool = False) -> Payment:
    """Write again the row of a payment that was made after the backup.

    One that ``waits`` for the customer's money on a chosen method becomes the order's open payment again, if it has
    none. Any other is EXPIRED and wished dead: its customer may still have its page, and its token is lost, so it is
    made void like any page that we never saw before the order gets another payment.
    """
    order = lock_order(order_id)
    rivals = [payment for payment in lock_payments_of(order_id) if payment.status in OPEN]
    goes_on = waits and order.status == OrderStatus.PENDING_PAYMENT and not rivals
    wished_dead_at = None if goes_on else database_now()
    payment, _ = Payment.objects.get_or_create(
        gateway_id=entry.gateway_id,
        defaults={
            "order": order,
            "amount": entry.amount,
            "status": PaymentStatus.PENDING if goes_on else PaymentStatus.EXPIRED,
            "expires_at": order.expires_at,
            "unanswered": 1,
            "kill_asked_at": wished_dead_at,
            "next_attempt_at": wished_dead_at,
        },
    )
    return payment
