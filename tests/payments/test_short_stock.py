"""Stock errors never roll money back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from shop.services import stock
from tests.support.closing import order_state
from tests.support.simulator import Simulator
from tests.support.threads import Background
from tests.support.world import make_order, make_variant, notify, start

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_locked_variant_makes_the_line_short_and_the_money_stays(simulator: Simulator) -> None:
    variant = make_variant(on_hand=3)
    order = make_order((variant, 1))
    payment = start(order)
    transaction_row = simulator.event(payment.gateway_id, "settle", deliver=False)

    import threading

    from shop.locks import lock_variants

    locked, let_go = threading.Event(), threading.Event()

    def hog() -> None:
        with transaction.atomic():
            lock_variants([variant.pk])
            locked.set()
            let_go.wait(10)

    hogging = Background(hog)
    locked.wait(10)
    code = notify(payment, transaction_row)
    let_go.set()
    hogging.result()

    order.refresh_from_db()
    assert code == 200
    assert order.status == "PAID"
    assert order_state(order) == ["SHORT"]
    from shop.models import Reservation

    Reservation.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    assert stock.retry_short() == 1
    assert order_state(order) == ["SOLD"]


def test_goods_lost_before_the_payment_make_the_line_short_and_new_goods_sell_it(simulator: Simulator) -> None:
    variant = make_variant(on_hand=2)
    order = make_order((variant, 2))
    payment = start(order)
    with transaction.atomic():
        stock.adjust(variant_id=variant.pk, delta=-2, reason="hilang", actor="test")
    notify(payment, simulator.event(payment.gateway_id, "settle", deliver=False))
    order.refresh_from_db()
    assert (order.status, order_state(order)) == ("PAID", ["SHORT"])

    with transaction.atomic():
        stock.receive(variant_id=variant.pk, quantity=5, actor="test")

    variant.refresh_from_db()
    assert order_state(order) == ["SOLD"]
    assert (variant.on_hand, variant.reserved) == (3, 0)
