"""Row locks of ``payments``; see ``shop.locks`` for the one lock order (Order, Payment, PaymentTransaction, Refund)."""

from __future__ import annotations

from django.db import connection

from config.rows import lock_rows
from orders.locks import lock_order
from orders.models import Order
from payments.models import Payment, PaymentTransaction, Refund


def lock_order_and_payments(payment_id: int) -> tuple[Order | None, Payment, list[Payment]]:
    """Lock the payment's order (if it has one), then all payments of that order in id order.

    Returns the order, the payment, and all payments. Raises Payment.DoesNotExist.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT order_id FROM payments_payment WHERE id = %s", [payment_id])
        found = cursor.fetchone()
    if found is None:
        raise Payment.DoesNotExist
    (order_id,) = found
    if order_id is None:
        (alone,) = lock_rows(Payment, "id = %s", [payment_id])
        if alone.order_id is None:
            return None, alone, [alone]
        order_id = alone.order_id  # a sweep found its order while we waited
    order = lock_order(order_id)
    rows = lock_payments_of(order_id)
    return order, next(row for row in rows if row.pk == payment_id), rows


def lock_payments_of(order_id: int) -> list[Payment]:
    """Lock all payments of an order in id order; the order itself is locked already."""
    return lock_rows(Payment, "order_id = %s", [order_id])


def lock_transactions(payments: list[Payment]) -> list[PaymentTransaction]:
    """Lock every transaction of the given payments in id order."""
    return lock_rows(PaymentTransaction, "payment_id = ANY(%s::bigint[])", [[payment.pk for payment in payments]])


def lock_refunds(transaction_ids: list[int]) -> list[Refund]:
    """Lock every refund of the given transactions in id order."""
    return lock_rows(Refund, "transaction_id = ANY(%s::bigint[])", [transaction_ids]) if transaction_ids else []
