"""Row locks of ``payments``; see ``shop.locks`` for the one lock order (Order, Payment, PaymentTransaction, Refund)."""

from __future__ import annotations

from django.db.models import QuerySet

from orders.locks import lock_order
from orders.models import Order
from payments.models import Payment, PaymentTransaction, Refund


def lock_order_and_payments(payment_id: int) -> tuple[Order | None, Payment, list[Payment]]:
    """Lock the payment's order (if it has one), then all payments of that order in id order.

    Returns the order, the payment, and all payments. Raises Payment.DoesNotExist.
    """
    order_id: int | None = Payment.objects.values_list("order_id", flat=True).get(pk=payment_id)
    if order_id is None:
        alone = _locked_payments().get(pk=payment_id)
        if alone.order_id is None:
            return None, alone, [alone]
        order_id = alone.order_id  # a sweep found its order while we waited
    order = lock_order(order_id)
    rows = lock_payments_of(order_id)
    return order, next(row for row in rows if row.pk == payment_id), rows


def lock_payments_of(order_id: int) -> list[Payment]:
    """Lock all payments of an order in id order; the order itself is locked already."""
    return list(_locked_payments().filter(order_id=order_id).order_by("pk"))


def lock_transactions(payments: list[Payment]) -> list[PaymentTransaction]:
    """Lock every transaction of the given payments in id order."""
    rows = PaymentTransaction.objects.select_for_update(of=("self",), no_key=True)
    return list(rows.filter(payment__in=[payment.pk for payment in payments]).order_by("pk"))


def lock_refunds(transaction_ids: list[int]) -> list[Refund]:
    """Lock every refund of the given transactions in id order."""
    rows = Refund.objects.select_for_update(of=("self",), no_key=True)
    return list(rows.filter(transaction__in=transaction_ids).order_by("pk"))


def _locked_payments() -> QuerySet[Payment]:
    return Payment.objects.select_for_update(of=("self",), no_key=True)
