"""Making sure that a payment can never be paid (any more): the one thing that frees stock and payment slots.

The wish is durable in the payment's own fields and is retried until the gateway confirmed it: every transaction final
at Core, the page closed at Snap, and a GET status *after* that. Unknown answers never count as dead.
"""

from __future__ import annotations

import enum
import logging
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial

from django.db.models import F
from django.db.models.functions import Now

from config.database import database_now, unit_of_work
from payments import leases
from payments.errors import (
    GatewayKeyError,
    GatewayRejectedError,
    GatewayUnavailableError,
    TransactionMissingError,
)
from payments.gateway import gateway
from payments.locks import lock_order_and_payments, lock_transactions
from payments.models import Payment, PaymentTransaction
from payments.services.ask import ManyUnknown, ask_about, ask_one, note_trouble
from payments.services.page import HeldPayment, PageEnd, close_page
from payments.states import MONEY_CAME, OPEN, TRANSACTION_FINAL, PaymentStatus, TransactionStatus
from payments.transitions import move_payment

logger = logging.getLogger(__name__)
P, T = PaymentStatus, TransactionStatus

SECOND_LOOK_S = 1.0
MAX_BACKOFF_S = 600


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


def is_dead_for_sure(payment: Payment) -> bool:
    """Say whether nobody can pay this payment any more: paid already, confirmed dead, or without any page ever."""
    if payment.status in OPEN:
        return False
    return payment.status in MONEY_CAME or payment.killed_at is not None or _never_had_a_page(payment)


def _never_had_a_page(payment: Payment) -> bool:
    return not payment.token and payment.unanswered == 0


def is_somebodys(payment_ids: Iterable[int]) -> bool:
    """Say whether somebody is at one of these payments just now."""
    return Payment.objects.filter(pk__in=payment_ids, lease_until__gt=Now()).exists()


def run_kill(*, payment_id: int) -> Killed:
    """Try once to kill a payment whose death is wished for. Takes its lease; no transaction spans a gateway call.

    Raises GatewayKeyError; every other trouble is WAITING and is tried again with a growing wait.
    """
    lease = leases.take(Payment.objects.filter(pk=payment_id, kill_asked_at__isnull=False))
    if lease is None:
        return Killed.WAITING
    payment = Payment.objects.select_related("order").get(pk=payment_id)
    if payment.killed_at is not None:
        leases.give_back(payment, lease)
        return Killed.DEAD if payment.status not in MONEY_CAME else Killed.PAID
    try:
        outcome = _kill(HeldPayment(payment, lease, database_now()))
    except leases.LeaseLostError:
        return Killed.WAITING
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


def _kill(held: HeldPayment) -> Killed:
    """Close the page, cancel what waits, and look again. Answers are recorded as they come."""
    payment = held.payment
    if _never_had_a_page(payment) and not _rows(payment):
        return Killed.DEAD
    page = close_page(held)
    asked = ask_about(payment)
    if asked.lost:
        return Killed.LOST
    if asked.found:
        _cancel_waiting(held)
        if page is not PageEnd.CLOSED:  # while an attempt waits, Snap calls the page "on progress" and keeps it
            payment.refresh_from_db()
            page = close_page(held)
        asked = ask_about(payment)
    rows = _rows(payment)
    waiting = any(row.received == 0 and row.status not in TRANSACTION_FINAL for row in rows)
    if any(row.received > 0 for row in rows):
        return Killed.WAITING if waiting else Killed.PAID
    if waiting:
        return Killed.WAITING
    if page is PageEnd.NOT_KNOWN and not (rows or held.is_past_grace):
        # Neither the page nor a transaction: this gateway may not be the one that made them.
        note_trouble("token_unknown", f"Halaman {payment.gateway_id} tidak dikenal Midtrans")
        return Killed.LOST
    if not _cannot_be_used(page, held, seen=bool(rows)):
        return Killed.WAITING
    return Killed.DEAD if rows else _nobody_paid(held, found=asked.found)


def _rows(payment: Payment) -> list[PaymentTransaction]:
    return list(PaymentTransaction.objects.filter(payment=payment))


def _cannot_be_used(page: PageEnd, held: HeldPayment, *, seen: bool) -> bool:
    """Say whether nobody can choose a method on the page any more. Every transaction that was ``seen`` is final.

    Past the deadline and its grace the page's own expiry counts, unless something goes on there that was never seen.
    """
    if page is PageEnd.CLOSED:
        return True
    if page is PageEnd.NOT_KNOWN:
        return seen or held.is_past_grace
    return held.is_past_grace and (seen or page is PageEnd.UNSEEN)


def _nobody_paid(held: HeldPayment, *, found: bool) -> Killed:
    """Judge a payment of which no transaction was ever seen: two 404s after the page was closed."""
    if found:
        return Killed.WAITING
    if not held.is_past_grace:
        time.sleep(SECOND_LOOK_S)  # a method chosen in the last moment may show a little later
    try:
        ask_one(held.payment, held.payment.gateway_id)
    except TransactionMissingError:
        return Killed.DEAD
    return Killed.WAITING


def _cancel_waiting(held: HeldPayment) -> None:
    """Cancel at Core every transaction that still waits. A refusal means that it changed: the next look tells."""
    waiting = PaymentTransaction.objects.filter(payment=held.payment, received=0).exclude(status__in=TRANSACTION_FINAL)
    for transaction_id in waiting.values_list("transaction_id", flat=True):
        held.renew()
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
    now = database_now()
    payment.lease, payment.lease_until = "", None
    if any(row.received == 0 and row.status not in TRANSACTION_FINAL for row in rows):
        # A notification told of an attempt that the gateway did not show us.
        payment.next_attempt_at = now
        payment.save(update_fields=["lease", "lease_until", "next_attempt_at"])
        return Killed.WAITING
    payment.killed_at, payment.attempts, payment.next_attempt_at, payment.unanswered = now, 0, None, 0
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
    """Try every due kill once. Returns how many payments are dead or turned out paid.

    A refused key ends the run, and so do many payments at once that the gateway should know and does not.
    """
    until = time.monotonic() + deadline_s
    unknown = ManyUnknown()
    done = 0
    for pk in due_kills(limit):
        if time.monotonic() > until or should_stop():
            break
        try:
            outcome = run_kill(payment_id=pk)
        except GatewayKeyError:
            break
        done += outcome in {Killed.DEAD, Killed.PAID}
        if unknown.add(outcome is Killed.LOST):
            break
    return done
