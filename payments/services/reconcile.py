"""Asking the gateway about payments that no notification settled, and sweeping it after a restore."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from config.database import database_now
from orders.models import Order
from payments import journal, mapping
from payments.errors import GatewayError, GatewayKeyError, GatewayUnavailableError, TransactionMissingError
from payments.gateway import gateway
from payments.journal import JournalEntry
from payments.models import Payment, RepairKind
from payments.services.ask import Asked, ManyUnknown, Reach, ask_about, end_trouble, note_trouble
from payments.services.looks import looks_due, next_look, put_look_off
from payments.services.one_by_one import log_and_go_on
from payments.services.orphans import attach_orphan, record_orphan, reissue
from payments.services.overdue import is_overdue
from payments.services.repairs import note_repair
from payments.states import DEAD, OPEN, TRANSACTION_PAID, TransactionStatus
from shop.services.site import site_state, sweep_done

logger = logging.getLogger(__name__)

JOB = "reconcile_payments"
OPEN_AFTER = timedelta(minutes=10)
HOURLY_FOR = timedelta(hours=8)
DAILY_FOR = timedelta(days=3)


@dataclass
class ReconcileRun:
    """What one run did.

    ``changed`` counts payments whose status is another one now, ``failed`` those about which the gateway gave no
    answer, ``crashed`` those whose answer could not be recorded.
    """

    checked: int = 0
    changed: int = 0
    failed: int = 0
    crashed: int = 0
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
    """Ask the gateway about payments that no notification settled, and apply its answers like the webhook's.

    Open ones older than 10 minutes; dead ones hourly for 8 hours and daily for 3 days after their deadline; once those
    are done, paid ones daily for 3 days: the notification of a reversal, a chargeback or a refund made in the dashboard
    may be lost as well. With ``order`` all its payments. What is found about money is noted as a repair. A refused
    key, or many payments that the gateway should know and does not, stop the run with a fact; a gateway that answered
    nothing at all is a fact, too.
    """
    until = time.monotonic() + deadline_s
    run = ReconcileRun()
    unknown, reach, known = ManyUnknown(), Reach(), 0
    for payment in order.payments.order_by("pk") if order else [*(due := _due(limit)), *looks_due(limit - len(due))]:
        if time.monotonic() > until or should_stop():
            run.stopped = "asked" if should_stop() else "deadline"
            break
        run.checked += 1
        if dry_run:
            continue
        try:
            asked = _ask(payment, final_too=order is not None or payment.status not in OPEN)
            reach.answered = True
        except GatewayKeyError:
            reach.answered = True
            run.stopped = "server_key_refused"
            break
        except GatewayError as error:
            run.failed += 1
            reach.missed(error)
            logger.warning("reconcile.no_answer", extra={"payment": payment.gateway_id, "code": error.code})
            _put_off(payment)
            continue
        except Exception as error:
            log_and_go_on(error, "reconcile.failed", payment=payment.gateway_id)
            run.crashed += 1
            _put_off(payment)
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
    if not dry_run:
        reach.run_is_over()
    return run


def _ask(payment: Payment, *, final_too: bool) -> Asked:
    """Ask about one payment, note what that put right, and when a paid one is to be looked at again."""
    asked = ask_about(payment, final_too=final_too, found_by=JOB)
    after = Payment.objects.get(pk=payment.pk)
    if payment.status in OPEN and after.status in DEAD and is_overdue(payment):
        note_repair(RepairKind.CLOSED, payment, before=payment.status, after=after.status, actor=JOB)
    if after.next_look_at is not None:
        next_look(after)
    return asked


def _put_off(payment: Payment) -> None:
    """Let the others go first next time."""
    Payment.objects.filter(pk=payment.pk).update(checked_at=timezone.now())
    put_look_off(payment)


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

    Payments that this database has are brought up to date. What it has forgotten is attached to its order again: the
    money if some came, a chosen method that waits to be paid, else a page that has to die. Money whose order is lost
    as well is recorded without one for staff. The shop stays closed when an id could not be asked about, or when
    there is no journal at all.
    """
    run = ReconcileRun()
    if not journal.exists() and Payment.objects.exists():
        run.stopped = "journal_missing"
        return run
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
        except Exception as error:
            log_and_go_on(error, "sweep.failed", payment=entry.gateway_id)
            run.crashed += 1
    complete = not run.stopped and not run.failed and not run.crashed
    swept_from = site_state().sweep_since
    if complete and not dry_run and swept_from is not None and since <= swept_from:
        sweep_done()
    return run


def _sweep_one(entry: JournalEntry, run: ReconcileRun) -> None:
    payment = Payment.objects.filter(gateway_id=entry.gateway_id).first()
    order = Order.objects.filter(number=entry.order_number).first()
    if payment is None and order is not None:
        payment = reissue(entry, order, waits=_waits_for_money(entry))
        run.recorded += 1
    if payment is None:
        _record_money_of_lost_order(entry, run)
        return
    if payment.order_id is None and order is not None:
        attach_orphan(payment_id=payment.pk, order=order, amount=entry.amount)
        run.recorded += 1
    seen = payment.status
    ask_about(payment, final_too=True)
    payment.refresh_from_db(fields=["status"])
    run.changed += payment.status != seen


def _waits_for_money(entry: JournalEntry) -> bool:
    """Ask whether the customer has chosen a method on the forgotten page and has not paid yet."""
    try:
        answer = gateway().status(entry.gateway_id)
    except TransactionMissingError:
        return False
    return mapping.transaction_status(answer) is TransactionStatus.PENDING


def _record_money_of_lost_order(entry: JournalEntry, run: ReconcileRun) -> None:
    asked_at = database_now()
    try:
        answer = gateway().status(entry.gateway_id)
    except TransactionMissingError:
        return
    if answer.order_id not in {entry.gateway_id, answer.transaction_id}:
        raise GatewayUnavailableError("the answer is about another payment", sent=True, answered=True)
    if mapping.transaction_status(answer) in TRANSACTION_PAID:
        record_orphan(gateway_id=entry.gateway_id, answer=answer, asked_at=asked_at)
        run.recorded += 1
