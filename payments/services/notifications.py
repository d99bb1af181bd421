"""The inbox of the gateway's notifications: stored first, then the gateway is asked, then its answer is applied."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet, Sum
from django.db.models.functions import Now

from config.database import database_now
from config.rows import rows_of
from payments import leases, mapping
from payments.errors import GatewayError, GatewayKeyError, GatewayUnavailableError, TransactionMissingError
from payments.gateway import StatusAnswer, gateway
from payments.gateway.midtrans import rupiah_of
from payments.models import GatewayNotification, Payment, PaymentTransaction, Refund
from payments.notification_body import Notification
from payments.services.ask import Reach, note_trouble
from payments.services.one_by_one import log_and_go_on
from payments.services.orphans import record_orphan
from payments.services.record import belongs_to, record_answer
from payments.states import TRANSACTION_PAID, NotificationOutcome

logger = logging.getLogger(__name__)
Outcome = NotificationOutcome

MAX_ATTEMPTS = 5
ASK_AGAIN = 2
BACKOFF = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60))
POLL_BUDGET_S = 4.0


def count_bad_signature() -> None:
    """Count one more badly signed body in this minute (UTC); the body is not kept."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO payments_signaturefailure AS f (minute, count) VALUES (date_trunc('minute', now()), 1)"
            " ON CONFLICT (minute) DO UPDATE SET count = f.count + 1",
        )


def store(notification: Notification, body: str) -> GatewayNotification:
    """Put a body into the inbox, once; a repetition only counts the delivery."""
    digest = hashlib.sha256(body.encode()).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO payments_gatewaynotification AS n (digest, body, gateway_id, transaction_id, claimed_status,"
            " payment_id, outcome, attempts, next_attempt_at, lease, last_error, deliveries, received_at)"
            " VALUES (%s, %s, %s, %s, %s, (SELECT id FROM payments_payment WHERE gateway_id = %s), %s, 0,"
            " clock_timestamp(), '', '', 1, clock_timestamp())"
            " ON CONFLICT (digest) DO UPDATE SET deliveries = n.deliveries + 1 RETURNING id",
            [
                digest,
                body,
                notification.gateway_id,
                notification.transaction_id,
                notification.claimed_status,
                notification.gateway_id,
                Outcome.WAITING,
            ],
        )
        pk = cursor.fetchone()[0]
    return rows_of(GatewayNotification, "id = %s", [pk])[0]


def deliver(row: GatewayNotification) -> NotificationOutcome:
    """Apply a stored notification now, or wait for the one who is at it. Returns what became of it; WAITING = later.

    One try is enough for everybody who stands here at once: copies of one body do not use up each other's tries.
    """
    until = time.monotonic() + POLL_BUDGET_S
    tried = row.attempts
    while row.outcome != Outcome.APPLIED and row.attempts == tried:
        if (lease := _take(row)) is not None:
            try:
                return _attempt(row, lease)
            except GatewayKeyError:
                return Outcome.WAITING
        if time.monotonic() > until:
            return Outcome.WAITING
        time.sleep(0.05)
        row.refresh_from_db()
    return Outcome(row.outcome)


def _take(row: GatewayNotification) -> str | None:
    """Take the lease of a row that is as we read it: neither applied nor tried by somebody else since."""
    same = GatewayNotification.objects.filter(pk=row.pk, attempts=row.attempts).exclude(outcome=Outcome.APPLIED)
    return leases.take(same)


def _attempt(row: GatewayNotification, lease: str, reach: Reach | None = None) -> NotificationOutcome:
    """Ask the gateway and apply; write down what happened, under the lease. Raises GatewayKeyError: no try was used."""
    try:
        outcome, why = apply_notification(row)
    except GatewayKeyError:
        leases.give_back(row, lease, last_error="server key refused", next_attempt_at=Now() + BACKOFF[0])
        raise
    except GatewayError as error:
        outcome, why = Outcome.WAITING, str(getattr(error, "detail", "")) or error.code
        if reach is not None:
            reach.missed(error)
    except BaseException as error:
        _finish(row, lease, Outcome.WAITING, type(error).__name__)
        raise
    else:
        if reach is not None:
            reach.answered = True
    return _finish(row, lease, outcome, why)


def apply_notification(row: GatewayNotification) -> tuple[NotificationOutcome, str]:
    """Do what a notification is a trigger for: GET status by its transaction, compare, record.

    The body's status is not believed. If it claims more than GET status shows, the row stays WAITING. Raises
    GatewayError for anything transient.
    """
    payment = next(iter(rows_of(Payment, "gateway_id = %s", [row.gateway_id])), None)
    beyond = ""
    for _ in range(ASK_AGAIN):
        asked_at = database_now()
        try:
            answer = gateway().status(row.transaction_id)
        except TransactionMissingError:
            if payment is None:
                return Outcome.UNKNOWN_ORDER, "tidak dikenal"
            return Outcome.WAITING, "belum terlihat di Midtrans"
        except GatewayKeyError:
            note_trouble("server_key_refused", "Midtrans menolak server key")
            raise
        if payment is None:
            return _without_payment(row, answer, asked_at)
        if not belongs_to(payment, answer, row.transaction_id):
            raise GatewayUnavailableError("the answer is about another payment", sent=True, answered=True)
        if record_answer(payment_id=payment.pk, answer=answer, asked_at=asked_at):
            beyond = _claimed_beyond(row, answer.status, answer.fraud_status, answer.refunded)
            return (Outcome.WAITING, beyond) if beyond else (Outcome.APPLIED, "")
        # A later question was answered first, perhaps with an earlier state. What it recorded may be enough for this
        # notification; if it is not, only a fresh answer can settle it.
        if not (beyond := _beyond_the_record(row)):
            return Outcome.APPLIED, ""
    return Outcome.WAITING, beyond


def _beyond_the_record(row: GatewayNotification) -> str:
    known = PaymentTransaction.objects.get(transaction_id=row.transaction_id)
    refunded = rupiah_of(known.raw.get("refund_amount")) or 0
    return _claimed_beyond(row, known.raw_status, known.fraud_status, refunded)


def _claimed_beyond(row: GatewayNotification, status: str, fraud_status: str, refunded: int) -> str:
    """Say what a notification claims beyond GET status: a further status, more given back, a verdict; or nothing."""
    body = json.loads(row.body)
    given_back = rupiah_of(body.get("refund_amount")) or 0
    if refunded < given_back <= refunded + _denied(row.transaction_id):
        return ""  # it was so when this was written; the bank denied it since, and that is somebody else's alert
    if mapping.claims_more(row.claimed_status, status):
        return f"mengaku {row.claimed_status[:20]}, Midtrans menunjukkan {status[:20]}"
    if given_back > refunded:
        return f"mengaku lebih banyak kembali dari {refunded} rupiah"
    if body.get("fraud_status") == "accept" and fraud_status == "challenge":
        return "mengaku disetujui, Midtrans masih meninjau"
    return ""


def _denied(transaction_id: str) -> int:
    """Return how many rupiah of a transaction were shown as given back and denied by the bank afterwards."""
    denied = Refund.objects.filter(transaction__transaction_id=transaction_id, denied_at__isnull=False)
    return denied.aggregate(sum=Sum("amount"))["sum"] or 0


def _without_payment(
    row: GatewayNotification,
    answer: StatusAnswer,
    asked_at: Any,
) -> tuple[NotificationOutcome, str]:
    """An order id that we do not have. Confirmed money is recorded as a payment without order; nothing else is."""
    if not _is_about(row, answer) or mapping.transaction_status(answer) not in TRANSACTION_PAID or not answer.amount:
        return Outcome.UNKNOWN_ORDER, "tidak dikenal"
    record_orphan(gateway_id=row.gateway_id, answer=answer, asked_at=asked_at)
    return Outcome.APPLIED, ""


def _is_about(row: GatewayNotification, answer: StatusAnswer) -> bool:
    """Say whether an answer is about the unknown order of a notification.

    Where the gateway shows the transaction id instead of the order id, the transaction must be nobody else's here and
    the amount the signed one: the signature covers order and amount, but not the transaction.
    """
    if answer.order_id != answer.transaction_id:
        return answer.order_id == row.gateway_id
    others = PaymentTransaction.objects.filter(transaction_id=answer.transaction_id)
    known_elsewhere = others.exclude(payment__gateway_id=row.gateway_id).exists()
    return not known_elsewhere and rupiah_of(json.loads(row.body)["gross_amount"]) == answer.amount


def _finish(
    row: GatewayNotification,
    lease: str,
    outcome: NotificationOutcome,
    why: str,
) -> NotificationOutcome:
    changes: dict[str, Any] = {"attempts": F("attempts") + 1, "last_error": why[:200], "outcome": outcome}
    if outcome is Outcome.APPLIED:
        changes |= {"applied_at": Now(), "next_attempt_at": None}
    elif row.attempts + 1 >= MAX_ATTEMPTS:
        changes |= {"outcome": Outcome.EXHAUSTED if outcome is Outcome.WAITING else outcome, "next_attempt_at": None}
    else:
        changes |= {"next_attempt_at": Now() + BACKOFF[min(row.attempts, len(BACKOFF) - 1)]}
    if row.payment_id is None:  # it may have come meanwhile
        payment = Payment.objects.filter(gateway_id=row.gateway_id).values_list("pk", flat=True).first()
        changes["payment_id"] = payment
    leases.give_back(row, lease, **changes)
    if outcome is not Outcome.APPLIED:
        logger.warning("notification.not_applied", extra={"id": row.pk, "order": row.gateway_id, "why": why})
    return outcome


@dataclass
class InboxRun:
    """What one run of ``process_notifications`` did to the inbox. ``failed`` counts rows that met a bug of ours."""

    applied: int = 0
    waiting: int = 0
    failed: int = 0
    stopped: str = ""


def due() -> QuerySet[GatewayNotification]:
    """Return the notifications to try now, oldest due first."""
    rows = GatewayNotification.objects.filter(
        outcome__in=[Outcome.WAITING, Outcome.UNKNOWN_ORDER],
        attempts__lt=MAX_ATTEMPTS,
        next_attempt_at__lte=Now(),
    )
    return rows.filter(leases.free()).order_by("next_attempt_at")


def process_due(
    *,
    limit: int = 100,
    deadline_s: float = 120.0,
    should_stop: Callable[[], bool] = lambda: False,
) -> InboxRun:
    """Try every due notification again, oldest due first, each with its own lease and backoff.

    A refused server key ends the run and uses up no tries; a row that fails by a bug is logged and delays no other.
    """
    until = time.monotonic() + deadline_s
    run, reach = InboxRun(), Reach()
    for row in due()[:limit]:
        if time.monotonic() > until or should_stop():
            run.stopped = "asked" if should_stop() else "deadline"
            break
        if (lease := _take(row)) is None:
            continue
        try:
            outcome = _attempt(row, lease, reach)
        except GatewayKeyError:
            reach.answered = True
            run.stopped = "server_key_refused"
            break
        except Exception as error:
            log_and_go_on(error, "notification.failed", id=row.pk)
            run.failed += 1
            continue
        run.applied += outcome is Outcome.APPLIED
        run.waiting += outcome is not Outcome.APPLIED
    reach.run_is_over()
    return run


def reprocess(*, notification_id: int) -> NotificationOutcome:
    """Try one notification again at once, whatever its attempts: a button for staff."""
    GatewayNotification.objects.filter(pk=notification_id).exclude(outcome=Outcome.APPLIED).update(
        attempts=0,
        outcome=Outcome.WAITING,
        next_attempt_at=Now(),
    )
    return deliver(GatewayNotification.objects.get(pk=notification_id))
