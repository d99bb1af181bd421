"""Money that is here and whose order does not show it: the effect that went missing, applied again.

Only where nothing else can be meant: one transaction has money, Midtrans has just confirmed it, nobody has begun to
give it back, and the order still waits, or had expired before anybody decided about the late money. Everything else
is for people, and the alert about it stays.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from functools import partial

from config.database import database_now, unit_of_work
from orders.models import Order, OrderEvent
from orders.models.event import EventKind
from orders.states import OrderStatus
from orders.transitions import record
from payments.locks import lock_order_and_payments, lock_refunds, lock_transactions
from payments.models import Payment, PaymentTransaction, Repair, RepairKind
from payments.services.ask import ask_one
from payments.services.effects import covering, settle_order
from payments.services.repairs import note_repair
from payments.states import PaymentStatus, RefundState, TransactionStatus
from shop.models import Reservation, ReservationState
from shop.services.site import require_no_sweep

S = OrderStatus
REAPPLIED = "efek pembayaran diterapkan ulang"
_TAKEN = (ReservationState.HELD, ReservationState.SHORT, ReservationState.SOLD)


def reapply(*, order_id: int, actor: str) -> Repair | None:
    """Verify an order's money by GET status and let it have its effect. None: there was nothing safe to do.

    The gateway is asked only when the effect may be applied at all; its answer is recorded like any other, so money
    that went back meanwhile takes its own course. Raises GatewayError, ShopClosedError while a sweep is owed.
    """
    require_no_sweep()
    found = unit_of_work(partial(_missing, order_id))
    if found is None:
        return None
    payment, transaction_id, before, last_event = found
    asked_at = database_now()
    # A success that nobody had recorded is not found here, it is what gets applied; a reversal is found.
    ask_one(payment, transaction_id or payment.gateway_id, found_by=actor if transaction_id else "")
    return unit_of_work(partial(_apply, payment, before, last_event, asked_at, actor))


def _missing(order_id: int) -> tuple[Payment, str, str, int] | None:
    """Return the payment whose effect is missing, its transaction if known, the order's status and newest event."""
    payment = Payment.objects.filter(order_id=order_id, status=PaymentStatus.SUCCESS).order_by("pk").first()
    if payment is None:
        return None
    order, _, payments = lock_order_and_payments(payment.pk)
    transactions = lock_transactions(payments)
    if order is None or order.status not in {S.PENDING_PAYMENT, S.EXPIRED}:
        return None
    newest = OrderEvent.objects.filter(order=order).order_by("-pk").values_list("pk", flat=True).first() or 0
    if not transactions:  # a success without any transaction: what GET status shows is all there is
        return payment, "", order.status, newest
    row = _safe_to_apply(order, transactions)
    if row is None:
        return None
    return next(one for one in payments if one.pk == row.payment_id), row.transaction_id, order.status, newest


def _apply(payment: Payment, before: str, last_event: int, asked_at: datetime, actor: str) -> Repair | None:
    """Apply what Midtrans has just confirmed. Locks the order, its payments, transactions and refunds, then variants.

    What the answer itself has put right already (it was the first that showed the money) is noted all the same.
    """
    order, _, payments = lock_order_and_payments(payment.pk)
    transactions = lock_transactions(payments)
    if order is None:
        return None
    row = _safe_to_apply(order, transactions)
    if row is not None and row.asked_at >= asked_at:
        settle_order(order, payments, transactions, changed=row, newly_paid=True)
    elif not _was_paid_by_the_answer(order, last_event):
        return None
    order.refresh_from_db(fields=["status"])
    if order.status != S.PAID:
        return None  # late money that may not revive it: that is decided now, and staff give it back
    data = {"payment": payment.gateway_id, "before": before}
    record(order, EventKind.PAYMENT, actor="system", reason=REAPPLIED, data=data)
    return note_repair(RepairKind.REAPPLIED, payment, before=before, after=order.status, actor=actor)


def _safe_to_apply(order: Order, transactions: list[PaymentTransaction]) -> PaymentTransaction | None:
    """Return the transaction that pays a locked order which does not show it, if nothing speaks against it."""
    row = covering(transactions)
    with_money = [one for one in transactions if one.received]
    if row is None or row.status != TransactionStatus.SUCCESS or row.charged_back or with_money != [row]:
        return None
    if order.payment_hold or any(one.state != RefundState.FAILED for one in lock_refunds([row.pk])):
        return None
    if order.status == S.PENDING_PAYMENT:
        return row if _stock_taken(order) == _wanted(order) else None
    undecided = order.status == S.EXPIRED and not _decided(order, row)
    return row if undecided and not _stock_taken(order) else None


def _decided(order: Order, row: PaymentTransaction) -> bool:
    """Say whether this money has had its say already: late money that could not revive its order does not try again."""
    events = OrderEvent.objects.filter(order=order, kind=EventKind.PAYMENT)
    return events.filter(data__transaction=row.transaction_id).exists()


def _was_paid_by_the_answer(order: Order, last_event: int) -> bool:
    """Say whether the order was paid since that event, and nobody has noted it as a repair."""
    since = OrderEvent.objects.filter(order=order, pk__gt=last_event)
    paid = order.status == S.PAID and since.filter(kind=EventKind.STATUS, to_status=S.PAID).exists()
    return paid and not since.filter(reason=REAPPLIED).exists()


def _wanted(order: Order) -> Counter[int]:
    return Counter({item.variant_id: item.quantity for item in order.items.all()})


def _stock_taken(order: Order) -> Counter[int]:
    """Return the units by variant id that the order holds or has had."""
    lines = Reservation.objects.filter(reference=order.number, state__in=_TAKEN)
    taken: Counter[int] = Counter()
    for variant_id, quantity in lines.values_list("variant_id", "quantity"):
        taken[variant_id] += quantity
    return taken
