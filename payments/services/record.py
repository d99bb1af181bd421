"""Recording what GET status showed, and what follows from it for the order and its stock.

Facts first: transaction, payment and, on the first success, the order's PAID commit together. Stock is taken in a
savepoint: whatever fails there makes the line SHORT, never the money unrecorded.
"""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial

from django.db import IntegrityError
from django.db.models import Sum
from django.db.models.functions import Now
from django.utils import timezone

from config.database import unit_of_work, violated_constraint
from orders.models import Order
from payments import dashboard_refunds, mapping
from payments.denied_refunds import find_denied
from payments.emails import mail_refund
from payments.errors import GatewayUnavailableError
from payments.gateway import StatusAnswer
from payments.locks import lock_order_and_payments, lock_refunds, lock_transactions
from payments.models import Payment, PaymentTransaction, Refund
from payments.outgoing.events import announce_refund
from payments.services.effects import settle_order
from payments.services.looks import look_sooner
from payments.services.refund_book import deny, fail_without_room
from payments.services.repairs import note_found
from payments.states import TRANSACTION_PAID, RefundState, TransactionStatus
from payments.transitions import update_payment

logger = logging.getLogger(__name__)
T = TransactionStatus
_ONE_ROW_PER_TRANSACTION = "payments_paymenttransaction_transaction_id_key"


def record_answer(*, payment_id: int, answer: StatusAnswer, asked_at: datetime, found_by: str = "") -> bool:
    """Record one answer of GET status for a payment and apply what follows, in one durable transaction.

    ``found_by`` names a job that asks because nobody told: what it finds about money is noted as a repair.

    ``asked_at`` is the database's clock before the gateway was asked: an answer older than the last applied one is
    discarded (False). Locks the order, its payments, their transactions and refunds, then variants. Raises
    GatewayUnavailableError when the transaction is already known under another payment: then nothing is recorded.
    """
    try:
        return unit_of_work(partial(_record, payment_id, answer, asked_at, found_by))
    except IntegrityError as error:
        if violated_constraint(error) != _ONE_ROW_PER_TRANSACTION:
            raise
        logger.error("payment.transaction_of_another", extra={"transaction": answer.transaction_id})  # noqa: TRY400
    raise GatewayUnavailableError("the transaction belongs to another payment", sent=True, answered=True)


def belongs_to(payment: Payment, answer: StatusAnswer, asked_for: str) -> bool:
    """Say whether the answer is about this payment.

    For BI-SNAP accounts and DANA the gateway shows the transaction id where the order id belongs; then the question
    must have been for that transaction.
    """
    if answer.order_id == payment.gateway_id:
        return asked_for in {payment.gateway_id, answer.transaction_id}
    return answer.order_id == answer.transaction_id == asked_for


def _record(payment_id: int, answer: StatusAnswer, asked_at: datetime, found_by: str) -> bool:
    order, payment, payments = lock_order_and_payments(payment_id)
    transactions = lock_transactions(payments)
    transaction = next((row for row in transactions if row.transaction_id == answer.transaction_id), None)
    if transaction is not None and transaction.payment_id != payment.pk:
        logger.error("payment.transaction_of_another", extra={"payment": payment.gateway_id})
        raise GatewayUnavailableError("the transaction belongs to another payment", sent=True, answered=True)
    if transaction is not None and transaction.asked_at >= asked_at:
        return False
    refunds = lock_refunds([row.pk for row in transactions])
    was_accepted = transaction is not None and transaction.received > 0 and not transaction.problem
    if transaction is None:
        transaction = PaymentTransaction(
            payment=payment, transaction_id=answer.transaction_id, status=T.PENDING, amount=0
        )
        transactions.append(transaction)
    seen = T(transaction.status)
    _update_transaction(transaction, payment, answer, asked_at)
    own_refunds = [row for row in refunds if row.transaction_id == transaction.pk]
    denied = find_denied(transaction, own_refunds, answer, asked_at)
    for refund in denied:
        deny(refund, order)
    done = dashboard_refunds.match(transaction, own_refunds, answer)
    for refund in done:
        mail_refund(order, refund)
        announce_refund(order, refund)
    _take_back(transaction, seen=seen, shown=mapping.transaction_status(answer))
    fail_without_room(order, transaction, own_refunds)
    settle_locked(
        order, payments, transactions, changed=transaction, newly_paid=not was_accepted, refund_denied=bool(denied)
    )
    if done or any(refund.unseen_since for refund in own_refunds):
        look_sooner(payment)
    Payment.objects.filter(pk=payment.pk).update(
        raw=dict(answer.raw),
        method=answer.payment_type or payment.method,
        missing_since=None,
        checked_at=timezone.now(),
    )
    if transaction.status == T.PENDING:
        _wish_dead_again(payment)
    if found_by:
        note_found(payment, before=seen, after=T(transaction.status), actor=found_by)
    return True


def _wish_dead_again(payment: Payment) -> None:
    """An attempt that waits under a payment which counts as dead has to die too: its order may be closed or paid."""
    Payment.objects.filter(pk=payment.pk, killed_at__isnull=False).update(
        killed_at=None,
        kill_asked_at=Now(),
        next_attempt_at=Now(),
    )


def settle_locked(
    order: Order | None,
    payments: list[Payment],
    transactions: list[PaymentTransaction],
    *,
    changed: PaymentTransaction,
    newly_paid: bool = False,
    refund_denied: bool = False,
) -> None:
    """Bring payment and order into line with the (locked) transactions after one of them changed."""
    _derive_status(changed)
    payment = next(row for row in payments if row.pk == changed.payment_id)
    own = [row for row in transactions if row.payment_id == payment.pk]
    update_payment(payment, own, changed, refund_denied=refund_denied)
    if order is not None:
        came = newly_paid and changed.received > 0
        settle_order(order, payments, transactions, changed=changed, newly_paid=came, refund_denied=refund_denied)


def _update_transaction(
    transaction: PaymentTransaction,
    payment: Payment,
    answer: StatusAnswer,
    asked_at: datetime,
) -> None:
    """Write the facts of one answer into the transaction; money only grows, states never go backwards."""
    seen, shown = T(transaction.status), mapping.transaction_status(answer)
    transaction.asked_at = asked_at
    transaction.raw_status = answer.status[:40]
    transaction.fraud_status = answer.fraud_status[:20]
    transaction.payment_type = answer.payment_type or transaction.payment_type
    transaction.currency = answer.currency
    transaction.raw = dict(answer.raw)
    if answer.amount is not None:
        transaction.amount = answer.amount
    transaction.problem = problem_of(payment, answer.amount, answer.currency)
    if shown in TRANSACTION_PAID and transaction.reversed_at is None:
        transaction.received = max(transaction.received, transaction.amount)
    if shown in {T.FAILED, T.CANCELLED} and seen in TRANSACTION_PAID:
        # The bank reversed a settled transfer, or a captured card was voided: the money is gone again.
        transaction.reversed_at = transaction.reversed_at or timezone.now()
    transaction.status = _next_status(transaction, seen, shown)
    transaction.save()


def _take_back(transaction: PaymentTransaction, *, seen: T, shown: T) -> None:
    """Note what a bank took back. The refunds of the same answer are matched before: they went back as refunds."""
    reversed_now = shown in {T.FAILED, T.CANCELLED} and seen in TRANSACTION_PAID
    if reversed_now and shown is T.CANCELLED and dashboard_refunds.finish_void(transaction):
        return
    if reversed_now or shown is T.CHARGEBACK:
        _charge_back(transaction)


def problem_of(payment: Payment, amount: int | None, currency: str) -> str:
    """Return why this money would not be accepted for the payment, or nothing."""
    if currency != "IDR":
        return f"mata uang {currency}"
    if amount is None:
        return "jumlah tidak terbaca"
    if amount != payment.amount:
        return f"jumlah {amount}, seharusnya {payment.amount}"
    return ""


def _next_status(transaction: PaymentTransaction, seen: T, shown: T) -> T:
    """Return the status to keep: money that came is not forgotten, and what a bank took back does not return."""
    if transaction.reversed_at is not None:
        return shown if shown in {T.FAILED, T.CANCELLED, T.CHARGEBACK} else seen
    if seen in TRANSACTION_PAID and shown not in TRANSACTION_PAID:
        return seen  # GET status lags behind, or shows an unknown word
    if seen is T.CHARGEBACK:
        return seen  # a dispute is ended by people
    return shown


def _charge_back(transaction: PaymentTransaction) -> None:
    """Note that the bank took back whatever we have not given back ourselves."""
    left = transaction.received - _given_back(transaction)
    if left > transaction.charged_back:
        transaction.charged_back = left
        transaction.save(update_fields=["charged_back"])


def _given_back(transaction: PaymentTransaction) -> int:
    done = Refund.objects.filter(transaction=transaction, state=RefundState.DONE)
    return done.aggregate(sum=Sum("amount"))["sum"] or 0


def _derive_status(transaction: PaymentTransaction) -> None:
    """Let refunds that are done show in the transaction's status: bank transfers back are unknown to the gateway."""
    if transaction.status not in {T.SUCCESS, T.PARTIALLY_REFUNDED, T.REFUNDED} or not transaction.received:
        return
    given_back = _given_back(transaction)
    if given_back >= transaction.received:
        status = T.REFUNDED
    elif given_back > 0:
        status = T.PARTIALLY_REFUNDED
    else:
        status = T(transaction.status)
    if status != transaction.status:
        transaction.status = status
        transaction.save(update_fields=["status"])


def note_missing(*, payment_id: int) -> None:
    """Note that the gateway knows no transaction of this payment: normal before a method is chosen."""
    Payment.objects.filter(pk=payment_id, missing_since__isnull=True).update(missing_since=timezone.now())
    Payment.objects.filter(pk=payment_id).update(checked_at=timezone.now())
