"""A bank takes the money back."""

from __future__ import annotations

from functools import partial

import pytest

from shop.models import StockMovement
from tests.support.simulator import Simulator
from tests.support.threads import run_together
from tests.support.world import make_order, make_variant, notify, start

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_reversal_cancels_the_order_and_returns_the_stock_once(simulator: Simulator) -> None:
    variant = make_variant(on_hand=2)
    order = make_order((variant, 2))
    payment = start(order)
    notify(payment, simulator.event(payment.gateway_id, "settle", deliver=False, method="permata_va"))
    reversed_row = simulator.event(payment.gateway_id, "reverse", deliver=False)

    codes = run_together([partial(notify, payment, reversed_row, "202", n=str(n)) for n in range(3)])

    order.refresh_from_db()
    variant.refresh_from_db()
    payment.refresh_from_db()
    assert codes == [200] * 3
    assert (order.status, payment.status) == ("CANCELLED", "FAILED")
    assert (variant.on_hand, variant.reserved) == (2, 0)
    assert StockMovement.objects.filter(kind="RETURN").count() == 1


def test_a_reversal_while_packing_holds_the_order(simulator: Simulator) -> None:
    from orders.services import start_processing

    order = make_order()
    payment = start(order)
    notify(payment, simulator.event(payment.gateway_id, "settle", deliver=False, method="permata_va"))
    start_processing(order_id=order.pk, actor="staff:1")

    notify(payment, simulator.event(payment.gateway_id, "reverse", deliver=False), "202")

    order.refresh_from_db()
    assert order.status == "PROCESSING"
    assert order.payment_hold == "bank membatalkan pembayaran"
