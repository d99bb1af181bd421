"""A hundred orders whose COMMIT was never answered: one order each, and the stock says so too.

Run by ``make faults``; single ones are in ``tests/orders/test_place_order_lost.py``.
"""

from __future__ import annotations

import pytest

from config.models import OutgoingMail
from orders.demo import seed_shipping
from orders.models import Order
from orders.services import place_order
from shop.models import Reservation
from tests.support.pg_proxy import Fault, through_proxy
from tests.support.world import make_customer, make_variant, order_request

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

ORDERS = 100


def test_a_hundred_lost_answers_make_a_hundred_orders(settings):
    settings.MAX_UNPAID_ORDERS = ORDERS
    seed_shipping()
    variant = make_variant(on_hand=ORDERS)
    customer = make_customer()

    with through_proxy() as proxy:
        for number in range(ORDERS):
            proxy.plan(Fault.LOSE_THE_ANSWER)
            request = order_request((variant, 1), email=f"pembeli{number}@example.com")

            placed = place_order(customer=customer, request=request, key=f"key-{number}")

            assert placed.duplicate is False

    variant.refresh_from_db()
    assert Order.objects.count() == Reservation.objects.count() == OutgoingMail.objects.count() == ORDERS
    assert (variant.on_hand, variant.reserved) == (ORDERS, ORDERS)
