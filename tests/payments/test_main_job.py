"""The shop's main job, end to end through the services and the webhook."""

from __future__ import annotations

import pytest

from config.models import OutgoingMail
from orders.models import Order
from payments.models import Payment, PaymentTransaction
from shop.models import StockMovement, Variant
from tests.support.simulator import Simulator
from tests.support.world import make_order, make_variant, notify, start

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_settled_payment_makes_the_order_paid_and_sells_its_stock_once(simulator: Simulator) -> None:
    variant = make_variant(on_hand=5)
    order = make_order((variant, 2))
    payment = start(order)
    transaction = simulator.event(payment.gateway_id, "settle", deliver=False)

    assert notify(payment, transaction) == 200
    assert notify(payment, transaction) == 200

    order.refresh_from_db()
    variant.refresh_from_db()
    assert order.status == "PAID"
    assert (variant.on_hand, variant.reserved) == (3, 0)
    assert StockMovement.objects.filter(kind="SALE").count() == 1
    assert OutgoingMail.objects.filter(kind="order_paid").count() == 1
    assert Payment.objects.get().status == "SUCCESS"
    assert PaymentTransaction.objects.get().received == order.total
    assert Order.objects.count() == 1
    assert Variant.objects.get().available == 3
