"""Money of tests: paid orders, what the gateway gave back, and a row that the database refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone
from psycopg import sql

from orders.models import Order
from payments.bank_account import BankAccount
from payments.models import Payment, PaymentTransaction
from payments.services import change_method
from payments.transfer_proof import PDF, CleanProof
from shop.models import Variant
from tests.support.simulator import Simulator
from tests.support.world import make_order, make_variant, notify, start

ACCOUNT = BankAccount("BCA", "5270123456", "Ratna Wulandari")
PROOF = CleanProof(b"%PDF-1.4\nuji\n%%EOF\n", PDF)


def settled(simulator: Simulator, payment: Payment, **more: Any) -> dict[str, Any]:
    """Let a payment be settled without a webhook; the transaction as the gateway shows it."""
    return simulator.event(payment.gateway_id, "settle", deliver=False, **more)


def paid(
    simulator: Simulator, variant: Variant | None = None, *, method: str = "gopay"
) -> tuple[Order, PaymentTransaction]:
    """Return an order that was paid, and its transaction."""
    order = make_order((variant or make_variant(), 1))
    payment = start(order)
    notify(payment, settled(simulator, payment, method=method))
    order.refresh_from_db()
    assert order.status == "PAID"
    return order, PaymentTransaction.objects.get(payment=payment)


def two_payments(simulator: Simulator) -> tuple[Order, Payment, Payment]:
    """Return an order whose first payment was killed and then paid all the same, after the second one had paid."""
    order = make_order()
    old = start(order)
    pending = simulator.choose(old.gateway_id, "gopay", deliver=False)
    notify(old, pending, "201")
    new = change_method(order_id=order.pk, actor="customer:1").payment
    notify(new, simulator.event(new.gateway_id, "settle", deliver=False, method="gopay"))
    late = simulator.event(old.gateway_id, "settle", deliver=False, force=True)
    notify(old, late)
    order.refresh_from_db()
    return order, old, new


def at_gateway(simulator: Simulator, row: PaymentTransaction) -> int:
    """Return the rupiah that the gateway has given back of a transaction."""
    shown = next(t for t in simulator.transactions(row.payment.gateway_id) if t["transaction_id"] == row.transaction_id)
    return int(float(shown.get("refund_amount") or 0))


@contextmanager
def unrecordable(transaction_id: str) -> Iterator[None]:
    """Let the database refuse every row of one transaction, as a bug of ours would."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "ALTER TABLE payments_paymenttransaction ADD CONSTRAINT poison CHECK (transaction_id <> {}) NOT VALID"
            ).format(sql.Literal(transaction_id)),
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE payments_paymenttransaction DROP CONSTRAINT poison")


def without_effect(simulator: Simulator, payment: Payment, **more: Any) -> PaymentTransaction:
    """Let a payment be settled and recorded past the services, so that its order does not know; the transaction."""
    shown = settled(simulator, payment, **more)
    ago = timezone.now() - timedelta(minutes=10)
    row = PaymentTransaction.objects.create(
        payment=payment,
        transaction_id=shown["transaction_id"],
        status="SUCCESS",
        raw_status="settlement",
        payment_type=shown["payment_type"],
        amount=payment.amount,
        received=payment.amount,
        asked_at=ago,
    )
    Payment.objects.filter(pk=payment.pk).update(status="SUCCESS", success_at=ago)
    return row
