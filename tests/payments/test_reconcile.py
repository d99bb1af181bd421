"""Asking the gateway about payments that no notification settled."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from payments.models import Payment
from payments.services.closing import finish_closing
from payments.services.kill import Killed
from payments.services.reconcile import reconcile_payments
from tests.support.closing import late_order
from tests.support.simulator import Simulator
from tests.support.world import make_order, make_variant, notify, start

pytestmark = pytest.mark.django_db(transaction=True)


def test_reconcile_asks_about_dead_payments_after_their_deadline(simulator: Simulator) -> None:
    variant = make_variant(on_hand=2)
    order, payment = late_order(simulator, variant)
    simulator.event(payment.gateway_id, "settle", deliver=False, force=True)
    Payment.objects.update(checked_at=timezone.now() - timedelta(hours=2))

    assert reconcile_payments().changed == 1
    order.refresh_from_db()
    assert order.status == "PAID"


def test_reconcile_leaves_young_payments_alone(simulator: Simulator) -> None:
    start(make_order())

    assert reconcile_payments().checked == 0


def test_finish_closing_of_a_paid_order_says_paid(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    notify(payment, simulator.event(payment.gateway_id, "settle", deliver=False))

    assert finish_closing(order_id=order.pk, budget_s=1) is Killed.PAID
