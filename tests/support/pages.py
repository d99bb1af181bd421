"""Orders in the states that their pages have to show."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from orders.models import Order
from orders.states import OrderStatus
from payments.page_state import PageState
from payments.selectors import situation_of
from payments.services import check_order
from tests.support.simulator import Simulator
from tests.support.world import make_order, start


def state_of(order: Order) -> PageState:
    """Return what the order's page would say now."""
    order.refresh_from_db()
    return situation_of(order).state


def paid_order(simulator: Simulator, **changes: Any) -> Order:
    """Return an order that was paid by transfer to a virtual account."""
    return pay(simulator, make_order(**changes))


def pay(simulator: Simulator, order: Order) -> Order:
    """Pay an order by transfer to a virtual account, and return it as it is then."""
    payment = start(order)
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)
    simulator.event(payment.gateway_id, "settle", deliver=False)
    check_order(order_id=order.pk)
    order.refresh_from_db()
    assert order.status == OrderStatus.PAID
    return order


def let_time_pass(order: Order) -> None:
    """Put the order's deadline a day into the past."""
    past = timezone.now() - timedelta(days=2)
    Order.objects.filter(pk=order.pk).update(created_at=past, expires_at=past + timedelta(hours=24))
    order.refresh_from_db()
