"""What money does to an order: PAID, surplus, holds, reversals, late money. Everything is locked by the caller."""

from __future__ import annotations

import logging

from django.db import DatabaseError, transaction
from django.utils import timezone

from config.database import Trouble, classify
from orders.errors import TransitionNotAllowedError
from orders.models import Order
from orders.models.event import EventKind
from orders.services import close_order, mark_paid, set_hold
from orders.services.vouchers import take_use_again
from orders.states import PAID_OR_LATER, OrderStatus
from orders.transitions import record
from payments.models import Payment, PaymentTransaction
from payments.states import TRANSACTION_FINAL, TRANSACTION_PAID, TransactionStatus
from shop.errors import InsufficientStockError
from shop.services import stock

logger = logging.getLogger(__name__)
T, S = TransactionStatus, OrderStatus
ACTOR = "midtrans"


class _StillShortError(Exception):
    """Rolls the savepoint of a revival back."""


def settle_order(
    order: Order,
    payments: list[Payment],
    transactions: list[PaymentTransaction],
    *,
    changed: PaymentTransaction,
    newly_paid: bool,
    refund_denied: bool = False,
) -> None:
    """Apply to a locked order what the change of one transaction means, then recompute its hold."""
    if refund_denied:
        _money_stayed(order, transactions, changed)
    if newly_paid and not changed.problem:
        _money_came(order, transactions, changed)
    lost = changed.is_gone or changed.status == T.CHARGEBACK
    if lost and not changed.surplus and not _another_pays(order, transactions):
        _money_went(order, changed)
    if covering(transactions) is not None:
        _ask_kills(payments, transactions)
    _recompute_hold(order, transactions)


def covering(transactions: list[PaymentTransaction]) -> PaymentTransaction | None:
    """Return the transaction that pays the order, if one does: accepted, not surplus, not gone again."""
    return next((row for row in transactions if _counts(row) and not row.surplus), None)


def _counts(row: PaymentTransaction) -> bool:
    return row.received > 0 and not row.problem and row.status in {T.SUCCESS, T.PARTIALLY_REFUNDED}


def _money_came(order: Order, transactions: list[PaymentTransaction], changed: PaymentTransaction) -> None:
    """A transaction succeeded for the first time."""
    others = [row for row in transactions if row.pk != changed.pk and row.received > 0 and not row.problem]
    data = {"transaction": changed.transaction_id, "amount": changed.received}
    # An order that was paid once and is closed is not paid a second time, whatever became of the first money.
    closed = order.status not in PAID_OR_LATER and order.status != S.PENDING_PAYMENT
    if any(_counts(row) and not row.surplus for row in others) or (others and closed):
        changed.surplus = True
        changed.save(update_fields=["surplus"])
        record(order, EventKind.PAYMENT, actor=ACTOR, reason="kelebihan bayar", data=data)
        return
    if not _counts(changed):
        # First seen already given back or disputed: the facts are kept, nothing is sold.
        record(order, EventKind.PAYMENT, actor=ACTOR, reason="dana masuk dan sudah kembali", data=data)
        return
    if order.status in PAID_OR_LATER:
        # What paid it before was reversed or is disputed, or was not accepted for a while: this pays it now.
        record(order, EventKind.PAYMENT, actor=ACTOR, reason="pesanan dibayar kembali", data=data)
    elif order.status == S.PENDING_PAYMENT:
        mark_paid(order, actor=ACTOR, paid_at=timezone.now())
        record(order, EventKind.PAYMENT, actor=ACTOR, reason="pembayaran diterima", data=data)
        _take_stock(order)
    elif order.status == S.EXPIRED and _revive(order):
        record(order, EventKind.PAYMENT, actor=ACTOR, reason="pembayaran terlambat diterima", data=data)
    else:
        record(order, EventKind.PAYMENT, actor=ACTOR, reason="dana masuk setelah pesanan ditutup", data=data)
        logger.warning("payment.late_money", extra={"order": order.number, "status": order.status})


def _money_stayed(order: Order, transactions: list[PaymentTransaction], changed: PaymentTransaction) -> None:
    """What had gone back is still here. A closed order stays closed; one that other money pays now has a surplus."""
    others = [row for row in transactions if row.pk != changed.pk]
    if changed.surplus or not _counts(changed) or covering(others) is None:
        return
    changed.surplus = True
    changed.save(update_fields=["surplus"])
    data = {"transaction": changed.transaction_id, "amount": changed.received}
    record(order, EventKind.PAYMENT, actor=ACTOR, reason="kelebihan bayar", data=data)


def _take_stock(order: Order) -> None:
    """Sell what the order holds. A stock error never rolls money back: the lines become SHORT and are tried again."""
    try:
        with transaction.atomic():
            short = stock.sell(reference=order.number, actor=ACTOR)
    except DatabaseError as error:
        if classify(error) not in {Trouble.LOCK_TIMEOUT, Trouble.CONFLICT, Trouble.STATEMENT_TIMEOUT, Trouble.OTHER}:
            raise
        logger.exception("payment.stock_failed", extra={"order": order.number})
        stock.mark_short(reference=order.number)
        record(order, EventKind.STOCK, actor=ACTOR, reason="stok belum terpotong, dicoba lagi")
        return
    if short:
        record(
            order,
            EventKind.STOCK,
            actor=ACTOR,
            reason="stok kurang",
            data={"variants": [line.variant_id for line in short]},
        )


def _sell_all(order: Order) -> None:
    if stock.sell(reference=order.number, actor=ACTOR):
        raise _StillShortError


def _revive(order: Order) -> bool:
    """Late money on an expired order: PAID if all its stock can be taken again, else nothing happens."""
    quantities = {item.variant_id: item.quantity for item in order.items.all()}
    try:
        with transaction.atomic():
            take_use_again(order)  # before the stock: a voucher is locked before variants
            stock.reserve(reference=order.number, quantities=quantities)
            _sell_all(order)
            mark_paid(order, actor=ACTOR, paid_at=timezone.now(), reason="pembayaran terlambat")
    except (InsufficientStockError, _StillShortError):
        return False
    except DatabaseError as error:
        if classify(error) in {Trouble.CONNECTION, Trouble.RESOURCES}:
            raise
        logger.exception("payment.revive_failed", extra={"order": order.number})
        return False
    return True


def _another_pays(order: Order, transactions: list[PaymentTransaction]) -> bool:
    """Say whether another success covers the order; if it was surplus until now, it is the one that pays from now."""
    if covering(transactions) is not None:
        return True
    surplus = next((row for row in transactions if row.surplus and _counts(row)), None)
    if surplus is None:
        return False
    surplus.surplus = False
    surplus.save(update_fields=["surplus"])
    record(order, EventKind.PAYMENT, actor=ACTOR, reason="kelebihan bayar menjadi pembayaran pesanan")
    return True


def _money_went(order: Order, changed: PaymentTransaction) -> None:
    """The money that paid the order is gone again. A dispute closes nothing: it is still open, and the hold says so."""
    if changed.status == T.CHARGEBACK or order.status not in PAID_OR_LATER:
        return
    # A card that was voided on our own request is a refund as well: nothing was charged back.
    refunded = changed.status == T.REFUNDED or changed.charged_back == 0
    reason = "dana dikembalikan" if refunded else "bank membatalkan pembayaran"
    if order.status == S.PAID or (refunded and order.status == S.PROCESSING):
        to = S.CANCELLED
    elif refunded:
        to = S.REFUNDED
    else:
        return  # PROCESSING and later: the status stays, the hold says why
    try:
        close_order(order, to, actor=ACTOR, reason=reason)
    except TransitionNotAllowedError:
        logger.exception("payment.close_refused", extra={"order": order.number, "to": to})


def _ask_kills(payments: list[Payment], transactions: list[PaymentTransaction]) -> None:
    """The order is paid: everything else under it that a customer might still pay has to die."""
    paying = covering(transactions)
    for payment in payments:
        own = [row for row in transactions if row.payment_id == payment.pk]
        open_attempts = any(row.received == 0 and row.status not in TRANSACTION_FINAL for row in own)
        open_page = paying is not None and payment.pk != paying.payment_id and not any(row.received for row in own)
        if (open_page or open_attempts) and payment.killed_at is None and payment.kill_asked_at is None:
            Payment.objects.filter(pk=payment.pk).update(kill_asked_at=timezone.now(), next_attempt_at=timezone.now())


def _recompute_hold(order: Order, transactions: list[PaymentTransaction]) -> None:
    """Say why money of this order is not accepted, or that nothing is wrong (any more)."""
    paid = covering(transactions) is not None
    reasons = [reason for row in transactions if (reason := _hold_reason(order, row, paid=paid))]
    order.refresh_from_db(fields=["payment_hold", "cleared_hold", "status"])
    set_hold(order, "; ".join(sorted(set(reasons)))[:200], actor=ACTOR)


def _hold_reason(order: Order, row: PaymentTransaction, *, paid: bool) -> str:
    if row.problem and row.status in TRANSACTION_PAID and not row.is_gone:
        return f"pembayaran tidak sesuai: {row.problem}"
    if row.status == T.CHALLENGE and not paid:
        return "pembayaran kartu sedang ditinjau"
    if row.status == T.UNKNOWN and not paid:
        return f"status Midtrans tidak dikenal: {row.raw_status}"
    if row.status == T.CHARGEBACK and not paid and order.status in PAID_OR_LATER:
        return "pembayaran disengketakan"
    if row.reversed_at and not paid and order.status in {S.PROCESSING, S.SHIPPED, S.COMPLETED}:
        return "bank membatalkan pembayaran"
    return ""
