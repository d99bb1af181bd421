"""The inbox of the gateway's notifications: stored first, then the gateway is asked, then its answer is applied."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from config.database import database_now, unit_of_work
from config.rows import rows_of
from payments import leases, mapping
from payments.errors import GatewayError, GatewayUnavailableError, TransactionMissingError
from payments.gateway import StatusAnswer, gateway
from payments.models import GatewayNotification, Payment, PaymentTransaction
from payments.services.record import belongs_to, record_answer
from payments.states import TRANSACTION_PAID, NotificationOutcome, PaymentStatus

logger = logging.getLogger(__name__)
Outcome = NotificationOutcome

MAX_ATTEMPTS = 5
BACKOFF = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60))
POLL_BUDGET_S = 4.0
_ID = re.compile(r"[A-Za-z0-9._~\-]{1,64}")
_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,14})(\.[0-9]{2})?")
_CODE = re.compile(r"[0-9]{3}")


class MalformedNotificationError(ValueError):
    """The body is no notification."""


class BadSignatureError(ValueError):
    """The body is not signed with our key."""


@dataclass(frozen=True)
class Notification:
    """The fields of a correctly signed body. Its status is a claim, no more."""

    gateway_id: str
    transaction_id: str
    claimed_status: str


def read_notification(data: Any) -> Notification:
    """Check shape, then signature (constant time). Raises MalformedNotificationError, BadSignatureError.

    The signature covers order id, status code, amount and our key, and nothing else: not the status itself.
    """
    if not isinstance(data, dict):
        raise MalformedNotificationError("no object")
    fields = {}
    for name, pattern in (("order_id", _ID), ("status_code", _CODE), ("gross_amount", _AMOUNT)):
        value = data.get(name)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise MalformedNotificationError(name)
        fields[name] = value
    given = data.get("signature_key")
    expected = signature(fields["order_id"], fields["status_code"], fields["gross_amount"])
    if not isinstance(given, str) or not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        raise BadSignatureError
    status, transaction_id = data.get("transaction_status"), data.get("transaction_id")
    if not isinstance(status, str) or not 1 <= len(status) <= 40:
        raise MalformedNotificationError("transaction_status")
    if not isinstance(transaction_id, str) or not _ID.fullmatch(transaction_id) or set(transaction_id) == {"."}:
        raise MalformedNotificationError("transaction_id")
    if len(fields["order_id"]) > 50 or set(fields["order_id"]) == {"."}:
        raise MalformedNotificationError("order_id")
    return Notification(fields["order_id"], transaction_id, status)


def signature(order_id: str, status_code: str, gross_amount: str) -> str:
    """Return the signature of a notification: SHA-512 over the received texts and the server key."""
    return hashlib.sha512(f"{order_id}{status_code}{gross_amount}{settings.MIDTRANS_SERVER_KEY}".encode()).hexdigest()


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
    """Apply a stored notification now, or wait for the one who is at it. Returns what became of it; WAITING = later."""
    until = time.monotonic() + POLL_BUDGET_S
    while True:
        if row.outcome == Outcome.APPLIED:
            return Outcome.APPLIED
        lease = leases.take(GatewayNotification.objects.filter(pk=row.pk).exclude(outcome=Outcome.APPLIED))
        if lease is not None:
            return _attempt(row, lease)
        if time.monotonic() > until:
            return Outcome.WAITING
        time.sleep(0.05)
        row.refresh_from_db()


def _attempt(row: GatewayNotification, lease: str) -> NotificationOutcome:
    """Ask the gateway and apply; write down what happened, under the lease."""
    try:
        outcome, why = apply_notification(row)
    except GatewayError as error:
        outcome, why = Outcome.WAITING, str(getattr(error, "detail", "")) or error.code
    except BaseException as error:
        _finish(row, lease, Outcome.WAITING, type(error).__name__)
        raise
    return _finish(row, lease, outcome, why)


def apply_notification(row: GatewayNotification) -> tuple[NotificationOutcome, str]:
    """Do what a notification is a trigger for: GET status by its transaction, compare, record.

    The body's status is not believed. If it claims more than GET status shows, the row stays WAITING. Raises
    GatewayError for anything transient.
    """
    payment = next(iter(rows_of(Payment, "gateway_id = %s", [row.gateway_id])), None)
    asked_at = database_now()
    try:
        answer = gateway().status(row.transaction_id)
    except TransactionMissingError:
        return (
            (Outcome.UNKNOWN_ORDER, "tidak dikenal")
            if payment is None
            else (Outcome.WAITING, "belum terlihat di Midtrans")
        )
    if payment is None:
        return _without_payment(row, answer, asked_at)
    if not belongs_to(payment, answer, row.transaction_id):
        raise GatewayUnavailableError("the answer is about another payment", sent=True, answered=True)
    record_answer(payment_id=payment.pk, answer=answer, asked_at=asked_at)
    if mapping.claims_more(row.claimed_status, answer.status):
        return Outcome.WAITING, f"mengaku {row.claimed_status[:20]}, Midtrans menunjukkan {answer.status[:20]}"
    return Outcome.APPLIED, ""


def _without_payment(
    row: GatewayNotification,
    answer: StatusAnswer,
    asked_at: Any,
) -> tuple[NotificationOutcome, str]:
    """An order id that we do not have. Confirmed money is recorded as a payment without order; nothing else is."""
    about_us = answer.order_id in {row.gateway_id, answer.transaction_id}
    if not about_us or mapping.transaction_status(answer) not in TRANSACTION_PAID or not answer.amount:
        return Outcome.UNKNOWN_ORDER, "tidak dikenal"
    record_orphan(gateway_id=row.gateway_id, answer=answer, asked_at=asked_at)
    return Outcome.APPLIED, ""


def record_orphan(*, gateway_id: str, answer: StatusAnswer, asked_at: Any) -> Payment:
    """Record confirmed money whose order this database does not have: a fact for staff."""

    def body() -> Payment:
        payment, created = Payment.objects.get_or_create(
            gateway_id=gateway_id,
            defaults={
                "order": None,
                "amount": answer.amount or 1,
                "status": PaymentStatus.SUCCESS,
                "success_at": database_now(),
                "expires_at": database_now(),
            },
        )
        if created:
            logger.error("payment.without_order", extra={"payment": gateway_id})
        return payment

    payment = unit_of_work(body)
    if not PaymentTransaction.objects.filter(transaction_id=answer.transaction_id).exists():
        record_answer(payment_id=payment.pk, answer=answer, asked_at=asked_at)
    return payment


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
    """What one run of ``process_notifications`` did to the inbox."""

    applied: int = 0
    waiting: int = 0
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
    """Try every due notification again, oldest due first, each with its own lease and backoff."""
    until = time.monotonic() + deadline_s
    run = InboxRun()
    for row in due()[:limit]:
        if time.monotonic() > until or should_stop():
            run.stopped = "asked" if should_stop() else "deadline"
            break
        lease = leases.take(GatewayNotification.objects.filter(pk=row.pk).exclude(outcome=Outcome.APPLIED))
        if lease is None:
            continue
        if _attempt(row, lease) is Outcome.APPLIED:
            run.applied += 1
        else:
            run.waiting += 1
    return run


def reprocess(*, notification_id: int) -> NotificationOutcome:
    """Try one notification again at once, whatever its attempts: a button for staff."""
    GatewayNotification.objects.filter(pk=notification_id).exclude(outcome=Outcome.APPLIED).update(
        attempts=0,
        outcome=Outcome.WAITING,
        next_attempt_at=Now(),
    )
    return deliver(GatewayNotification.objects.get(pk=notification_id))
