"""Money whose order is not known (yet): recorded all the same, and attached once the order is found."""

from __future__ import annotations

import logging
from datetime import datetime

from config.database import database_now, unit_of_work
from orders.locks import lock_order
from orders.models import Order
from orders.states import OrderStatus
from payments.gateway import StatusAnswer
from payments.journal import JournalEntry
from payments.locks import lock_order_and_payments, lock_payments_of, lock_transactions
from payments.models import Payment, PaymentTransaction
from payments.services.record import problem_of, record_answer, settle_locked
from payments.states import LOOK_EVERY, OPEN, PaymentStatus

logger = logging.getLogger(__name__)


def record_orphan(*, gateway_id: str, answer: StatusAnswer, asked_at: datetime) -> Payment:
    """Record confirmed money whose order this database does not have: a fact for staff."""

    def body() -> Payment:
        payment, created = Payment.objects.get_or_create(
            gateway_id=gateway_id,
            defaults={
                "order": None,
                "amount": answer.amount or 1,
                "status": PaymentStatus.SUCCESS,
                "success_at": database_now(),
                "next_look_at": database_now() + LOOK_EVERY,
                "expires_at": database_now(),
            },
        )
        if created:
            logger.error("payment.without_order", extra={"payment": gateway_id})
        return payment

    payment = unit_of_work(body)
    if not PaymentTransaction.objects.filter(payment=payment, transaction_id=answer.transaction_id).exists():
        record_answer(payment_id=payment.pk, answer=answer, asked_at=asked_at)
    return payment


def attach_orphan(*, payment_id: int, order: Order, amount: int) -> None:
    """Give money without an order to the order that the journal names, and let it have its effect there.

    ``amount`` is what the payment had asked for. Locks the order, its payments and their transactions, then variants.
    Nothing happens when somebody else attached it meanwhile.
    """

    def body() -> None:
        lock_order(order.pk)
        if not Payment.objects.filter(pk=payment_id, order=None).update(order=order, amount=amount):
            return
        locked, payment, payments = lock_order_and_payments(payment_id)
        transactions = lock_transactions(payments)
        for row in [row for row in transactions if row.payment_id == payment.pk]:
            row.problem = problem_of(payment, row.amount, row.currency)
            row.save(update_fields=["problem"])
            settle_locked(locked, payments, transactions, changed=row, newly_paid=True)
        logger.warning("payment.attached", extra={"payment": payment.gateway_id, "order": order.number})

    unit_of_work(body)


def reissue(entry: JournalEntry, order: Order, *, waits: bool) -> Payment:
    """Write again the row of a payment that was made after the backup. Locks the order and its payments.

    One that ``waits`` for the customer's money on a chosen method becomes the order's open payment again, if it has
    none. Any other is EXPIRED and wished dead: its customer may still have its page, and its token is lost, so it is
    made void like any page that we never saw before the order gets another payment.
    """

    def body() -> Payment:
        locked = lock_order(order.pk)
        rivals = [payment for payment in lock_payments_of(order.pk) if payment.status in OPEN]
        goes_on = waits and locked.status == OrderStatus.PENDING_PAYMENT and not rivals
        wished_dead_at = None if goes_on else database_now()
        payment, _ = Payment.objects.get_or_create(
            gateway_id=entry.gateway_id,
            defaults={
                "order": locked,
                "amount": entry.amount,
                "status": PaymentStatus.PENDING if goes_on else PaymentStatus.EXPIRED,
                "expires_at": locked.expires_at,
                "unanswered": 1,
                "kill_asked_at": wished_dead_at,
                "next_attempt_at": wished_dead_at,
            },
        )
        return payment

    return unit_of_work(body)
