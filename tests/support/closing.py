"""Orders that are being closed, and what must hold about them whatever happens."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from orders.models import Order
from payments.models import Payment
from payments.services import (
    expire_orders,
)
from tests.support.simulator import Simulator
from tests.support.world import make_order, start


def overdue(order: Order) -> None:
    """Let the order's deadline and grace be over, at the shop and for its payments."""
    past = timezone.now() - timedelta(hours=1)
    created = past - timedelta(days=1)
    Order.objects.filter(pk=order.pk).update(created_at=created, expires_at=past)
    Payment.objects.filter(order=order).update(expires_at=past)


def due_again() -> None:
    Payment.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1), lease="", lease_until=None)


def page_is_dead(simulator: Simulator, payment: Payment) -> bool:
    return simulator.order(payment.gateway_id)["page"]["state"] != "open"


def assert_safe(simulator: Simulator, order: Order) -> None:
    """What must hold whatever happened: stock is free only if no page or transaction of the order can be paid."""
    order.refresh_from_db()
    live = 0
    for payment in Payment.objects.filter(order=order).exclude(token="", unanswered=0):
        try:
            seen = simulator.order(payment.gateway_id)
        except AssertionError:
            continue
        waiting = any(row["transaction_status"] == "pending" for row in seen["transactions"])
        live += seen["page"]["state"] == "open" or waiting
    if order.status in {"CANCELLED", "EXPIRED"}:
        assert live == 0
    assert live <= 1


def late_order(simulator: Simulator, variant) -> tuple[Order, Payment]:
    order = make_order((variant, 2))
    payment = start(order)
    overdue(order)
    expire_orders()
    order.refresh_from_db()
    assert order.status == "EXPIRED"
    return order, payment


def order_state(order: Order) -> list[str]:
    from shop.models import Reservation

    return list(Reservation.objects.filter(reference=order.number).values_list("state", flat=True))
