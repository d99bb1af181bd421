"""Expiring: with grace, after the gateway was asked, and without delay for others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from config.models import OutgoingMail
from orders.models import Order
from payments.models import Payment
from payments.services import (
    expire_orders,
)
from tests.support.closing import overdue
from tests.support.simulator import Simulator
from tests.support.world import make_order, make_variant, notify, start

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_overdue_order_expires_and_frees_its_stock(simulator: Simulator) -> None:
    variant = make_variant(on_hand=2)
    order = make_order((variant, 2))
    start(order)
    overdue(order)

    assert expire_orders().expired == 1

    order.refresh_from_db()
    variant.refresh_from_db()
    assert (order.status, variant.reserved) == ("EXPIRED", 0)
    assert Payment.objects.get().status == "EXPIRED"
    assert OutgoingMail.objects.filter(kind="order_expired").count() == 1


def test_grace_is_given(simulator: Simulator) -> None:
    order = make_order()
    Order.objects.update(
        created_at=timezone.now() - timedelta(days=1), expires_at=timezone.now() - timedelta(minutes=14)
    )

    assert expire_orders().expired == 0
    order.refresh_from_db()
    assert order.status == "PENDING_PAYMENT"


def test_a_payment_made_in_the_last_minute_wins_over_the_expiry(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    simulator.event(payment.gateway_id, "settle", deliver=False)
    overdue(order)

    run = expire_orders()

    order.refresh_from_db()
    assert (run.paid, run.expired) == (1, 0)
    assert order.status == "PAID"


def test_a_poisoned_order_delays_nobody(simulator: Simulator) -> None:
    poisoned, fine = make_order(), make_order()
    payment = start(poisoned)
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)
    overdue(poisoned)
    overdue(fine)
    simulator.fault("http_500", operation="core.status", order_id=payment.gateway_id)

    first = expire_orders()
    second = expire_orders()

    fine.refresh_from_db()
    assert fine.status == "EXPIRED"
    assert (first.waiting, second.waiting) == (1, 0)


def test_a_held_order_does_not_expire(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    challenged = simulator.event(payment.gateway_id, "challenge", deliver=False, method="credit_card")
    notify(payment, challenged, "201")
    overdue(order)

    assert expire_orders().expired == 0
    order.refresh_from_db()
    assert order.status == "PENDING_PAYMENT"
