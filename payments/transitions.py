"""The writer of ``Payment.status``: derived from the transactions, guarded by the table in ``payments.states``."""

from __future__ import annotations

import logging

from django.utils import timezone

from payments.models import Payment, PaymentTransaction
from payments.states import (
    LOOK_EVERY,
    OPEN,
    PAYMENT_AFTER_DENIAL,
    PAYMENT_ALLOWED,
    TRANSACTION_FINAL,
    PaymentStatus,
    TransactionStatus,
)

logger = logging.getLogger(__name__)
P, T = PaymentStatus, TransactionStatus


def move_payment(payment: Payment, to: PaymentStatus, *, refund_denied: bool = False) -> bool:
    """Move a locked payment to ``to`` if the table allows it; returns whether it moved.

    ``refund_denied``: the gateway has just taken back its word that money was given back.
    """
    seen = P(payment.status)
    if to == seen:
        return False
    allowed = PAYMENT_ALLOWED[seen]
    if refund_denied:
        allowed |= PAYMENT_AFTER_DENIAL.get(seen, frozenset())
    if to not in allowed:
        logger.info("payment.move_refused", extra={"payment": payment.gateway_id, "seen": seen, "to": to})
        return False
    payment.status = to
    fields = ["status"]
    if to in {P.SUCCESS, P.PARTIALLY_REFUNDED, P.REFUNDED, P.CHARGEBACK} and payment.success_at is None:
        payment.success_at = timezone.now()
        fields.append("success_at")
    if to is P.SUCCESS:
        payment.next_look_at = timezone.now() + LOOK_EVERY
        fields.append("next_look_at")
    payment.save(update_fields=fields)
    return True


def update_payment(
    payment: Payment,
    transactions: list[PaymentTransaction],
    changed: PaymentTransaction,
    *,
    refund_denied: bool = False,
) -> bool:
    """Bring a locked payment's status into line with its transactions; returns whether it changed."""
    return move_payment(payment, derive(payment, transactions, changed), refund_denied=refund_denied)


def derive(payment: Payment, transactions: list[PaymentTransaction], changed: PaymentTransaction) -> PaymentStatus:
    """Return the status that the transactions of a payment amount to. Money with a problem is not a success."""
    accepted = {T(row.status) for row in transactions if not row.problem}
    for status in (T.SUCCESS, T.PARTIALLY_REFUNDED, T.REFUNDED, T.CHARGEBACK):
        if status in accepted:
            return P(status.value)
    every = {T(row.status) for row in transactions}
    if T.CHALLENGE in every:
        return P.CHALLENGE
    if every & {T.PENDING, T.UNKNOWN} or any(row.problem and row.received and not row.is_gone for row in transactions):
        return P.PENDING if payment.status in OPEN else P(payment.status)
    if payment.status in OPEN and any(row.is_gone for row in transactions):
        return P.CANCELLED  # what came was not accepted and went back; a page that was paid takes no second try
    return _after_a_failed_attempt(payment, changed)


def _after_a_failed_attempt(payment: Payment, changed: PaymentTransaction) -> PaymentStatus:
    """Only dead attempts are left. A denied one, and an abandoned card, leave the page open for another try."""
    status = T(changed.status)
    if status not in TRANSACTION_FINAL:
        return P(payment.status)
    if payment.status not in OPEN:
        return P(status.value)  # a reversal or a void of what had succeeded
    page_lives = timezone.now() < payment.expires_at and payment.killed_at is None
    stays_open = status is T.FAILED or (status is T.EXPIRED and changed.payment_type == "credit_card")
    if stays_open and page_lives:
        return P.PENDING
    return P(status.value)
