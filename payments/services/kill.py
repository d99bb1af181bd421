"""Making sure that a payment can never be paid (any more): the one thing that frees stock and payment slots.

The wish is durable in the payment's own fields and is retried until the gateway confirmed it: every transaction final
at Core, the page closed at Snap, and a GET status *after* that. Unknown answers never count as dead.
"""

from __future__ import annotations

import enum
import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from config.database import database_now, unit_of_work
from payments import leases
from payments.errors import (
    GatewayKeyError,
    GatewayRejectedError,
    GatewayUnavailableError,
    TransactionMissingError,
)
from payments.gateway import TokenCancel, gateway
from payments.locks import lock_order_and_payments, lock_transactions
from payments.models import Payment, PaymentTransaction
from payments.services.ask import Asked, ask_about, ask_one, end_trouble, note_trouble
from payments.services.create import MIN_PAGE_MINUTES, create_page
from payments.states import MONEY_CAME, OPEN, TRANSACTION_FINAL, PaymentStatus, TransactionStatus
from payments.transitions import move_payment

logger = logging.getLogger(__name__)
P, T = PaymentStatus, TransactionStatus

SECOND_LOOK_S = 1.0
MAX_BACKOFF_S = 600
_RESERVE_LEASE_S = 45.0  # several calls with their own deadlines happen under one lease


class Killed(enum.Enum):
    """What became of trying to kill a payment."""

    DEAD = "dead"
    PAID = "paid"
    WAITING = "waiting"  # unknown yet, or somebody else is at it
    LOST = "lost"  # the gateway does not know what it should know


def ask_kill(payment: Payment) -> None:
    """Note the wish on a locked payment, in the caller's transaction."""
    Payment.objects.filter(pk=payment.pk, kill_asked_at__isnull=True).update(
        kill_asked_at=Now(),
        next_attempt_at=Now(),
    )


def is_dead_for_sure(payment: Payment, now: datetime) -> bool:
    """Say whether nobody can pay this payment: killed, or never shown to anybody, or past its deadline and grace."""
    if payment.status in OPEN:
        return False
    if payment.status in MONEY_CAME or payment.killed_at is not None:
        return True
    if not payment.token and payment.unanswered == 0:
        return True
    return _past_grace(payment, now)


def _past_grace(payment: Payment, now: datetime) -> bool:
    return now >= payment.expires_at + timedelta(minutes=settings.PAYMENT_GRACE_MINUTES)


def run_kill(*, payment_id: int) -> Killed:
    """Try once to kill a payment whose death is wished for. Takes its lease; no transaction spans a gateway call.

    Raises GatewayKeyError; every other trouble is WAITING and is tried again with a growing wait.
    """
    lease = leases.take(Payment.objects.filter(pk=payment_id, kill_asked_at__isnull=False), seconds=_RESERVE_LEASE_S)
    if lease is None:
        return Killed.WAITING
    payment = Payment.objects.select_related("order").get(pk=payment_id)
    if payment.killed_at is not None:
        leases.give_back(payment, lease)
        return Killed.DEAD if payment.status not in MONEY_CAME else Killed.PAID
    try:
        outcome = _kill(payment)
    except (GatewayUnavailableError, GatewayRejectedError) as error:
        _postpone(payment, lease, str(getattr(error, "detail", "")) or type(error).__name__)
        if isinstance(error, GatewayKeyError):
            note_trouble("server_key_refused", "Midtrans menolak server key")
            raise
        return Killed.WAITING
    except BaseException:
        _postpone(payment, lease, "interrupted")
        raise
    if outcome in {Killed.WAITING, Killed.LOST}:
        _postpone(payment, lease, outcome.value)
        return outcome
    return unit_of_work(partial(_confirm, payment_id, lease))


def _kill(payment: Payment) -> Killed:
    """Close the page, cancel what waits, and look again. Answers are recorded as they come."""
    now = database_now()
    page_closed = _close_page(payment, now)
    asked = ask_about(payment)
    if asked.lost:
        return Killed.LOST
    if asked.found:
        _cancel_waiting(payment)
        # While an attempt waits, Snap calls the page "on progress" and keeps it.
        page_closed = page_closed or _close_page(Payment.objects.select_related("order").get(pk=payment.pk), now)
        asked = ask_about(payment)
    rows = list(PaymentTransaction.objects.filter(payment=payment))
    if any(row.received > 0 for row in rows):
        waiting = [row for row in rows if row.received == 0 and row.status not in TRANSACTION_FINAL]
        return Killed.WAITING if waiting else Killed.PAID
    if not page_closed:
        return Killed.WAITING
    if rows:
        return Killed.DEAD if all(row.status in TRANSACTION_FINAL for row in rows) else Killed.WAITING
    return _nobody_paid(payment, asked, now)


def _nobody_paid(payment: Payment, asked: Asked, now: datetime) -> Killed:
    """Judge a payment of which no transaction was ever seen: two 404s after the page was closed."""
    if asked.found:
        return Killed.WAITING
    if not _past_grace(payment, now):
        time.sleep(SECOND_LOOK_S)  # a method chosen in the last moment may show a little later
    try:
        ask_one(payment, payment.gateway_id)
    except TransactionMissingError:
        return Killed.DEAD
    return Killed.WAITING


def _close_page(payment: Payment, now: datetime) -> bool:
    """Close the payment's page at Snap; True when it certainly cannot be used any more."""
    if payment.status in MONEY_CAME or _past_grace(payment, now):
        return True
    token = payment.token
    if not token:
        if payment.unanswered == 0:
            return True  # no page was ever made
        token = _page_to_close(payment, now)
        if not token:
            return True
    answer = gateway().cancel_token(token)
    if answer is TokenCancel.NOT_FOUND:
        # The gateway has forgotten the page. With a page of minutes ago that smells of a wrong key; still, GET status
        # follows, and a page that is unknown cannot be paid on.
        note_trouble("token_unknown", f"Halaman {payment.gateway_id} tidak dikenal Midtrans")
    else:
        end_trouble("token_unknown")
    return answer is not TokenCancel.IN_PROGRESS


def _page_to_close(payment: Payment, now: datetime) -> str:
    """A page may exist whose token we never received: create it again, which makes that one void, and return its token.

    Empty when the gateway refuses the id: then a method was chosen, and GET status tells.
    """
    if payment.order is None:
        return ""
    try:
        page = create_page(payment, payment.order, now=now, minutes=MIN_PAGE_MINUTES)
    except (GatewayKeyError, TransactionMissingError):
        raise
    except GatewayRejectedError:
        return ""
    Payment.objects.filter(pk=payment.pk).update(token=page.token, redirect_url=page.redirect_url)
    return page.token


def _cancel_waiting(payment: Payment) -> None:
    """Cancel at Core every transaction that still waits. A refusal means that it changed: the next look tells."""
    waiting = PaymentTransaction.objects.filter(payment=payment, received=0).exclude(status__in=TRANSACTION_FINAL)
    for transaction_id in waiting.values_list("transaction_id", flat=True):
        try:
            gateway().cancel(transaction_id)
        except (GatewayKeyError, GatewayUnavailableError):
            raise
        except GatewayRejectedError as refused:
            logger.info("payment.cancel_refused", extra={"transaction": transaction_id, "code": refused.status_code})


def _confirm(payment_id: int, lease: str) -> Killed:
    """Write the death down, if the lease is still ours and nothing else happened meanwhile."""
    _, payment, _ = lock_order_and_payments(payment_id)
    rows = lock_transactions([payment])
    if payment.lease != lease:
        return Killed.WAITING
    now = timezone.now()
    payment.killed_at, payment.lease, payment.lease_until = now, "", None
    payment.attempts, payment.next_attempt_at, payment.unanswered = 0, None, 0
    payment.save(
        update_fields=["killed_at", "lease", "lease_until", "attempts", "next_attempt_at", "unanswered"],
    )
    if payment.status in OPEN:
        expired = now >= payment.expires_at or (rows and all(row.status == T.EXPIRED for row in rows))
        move_payment(payment, P.EXPIRED if expired else P.CANCELLED)
    return Killed.PAID if payment.status in MONEY_CAME or any(row.received for row in rows) else Killed.DEAD


def _postpone(payment: Payment, lease: str, why: str) -> None:
    wait = min(MAX_BACKOFF_S, 5 * 2 ** min(payment.attempts, 7))
    leases.give_back(
        payment,
        lease,
        attempts=F("attempts") + 1,
        next_attempt_at=Now() + timedelta(seconds=wait),
    )
    logger.info("payment.kill_waits", extra={"payment": payment.gateway_id, "why": why, "wait_s": wait})


def due_kills(limit: int) -> list[int]:
    """Return payments whose death is wished for and due to be tried, oldest wish first."""
    rows = Payment.objects.filter(
        kill_asked_at__isnull=False,
        killed_at__isnull=True,
        next_attempt_at__lte=Now(),
    )
    return list(rows.filter(leases.free()).order_by("next_attempt_at").values_list("pk", flat=True)[:limit])


def run_due_kills(*, limit: int, deadline_s: float, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Try every due kill once. Returns how many payments are dead or turned out paid. A refused key ends the run."""
    until = time.monotonic() + deadline_s
    done = 0
    for pk in due_kills(limit):
        if time.monotonic() > until or should_stop():
            break
        try:
            done += run_kill(payment_id=pk) in {Killed.DEAD, Killed.PAID}
        except GatewayKeyError:
            break
    return done
