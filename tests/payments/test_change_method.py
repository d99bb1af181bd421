"""Changing how to pay: never two live payments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from orders.models import Order
from payments import errors
from payments.models import Payment
from payments.services import (
    change_method,
    start_payment,
)
from shop.errors import InsufficientStockError
from shop.services import stock
from tests.support.closing import assert_safe, page_is_dead
from tests.support.simulator import Simulator
from tests.support.world import make_order, notify, start

pytestmark = pytest.mark.django_db(transaction=True)


def test_change_of_method_kills_the_old_payment_before_the_new_one(simulator: Simulator) -> None:
    order = make_order()
    old = start(order)
    notify(old, simulator.choose(old.gateway_id, "bca_va", deliver=False), "201")

    started = change_method(order_id=order.pk, actor="customer:1")

    old.refresh_from_db()
    assert started.payment.pk != old.pk
    assert (old.status, page_is_dead(simulator, old)) == ("CANCELLED", True)
    assert_safe(simulator, order)


def test_before_a_method_is_chosen_the_same_page_is_shown(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)

    assert change_method(order_id=order.pk, actor="customer:1").token == payment.token
    assert len(simulator.requests(operation="snap.create")) == 1


def test_change_of_method_after_the_money_came_says_paid(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    notify(payment, simulator.choose(payment.gateway_id, "bca_va", deliver=False), "201")
    simulator.event(payment.gateway_id, "settle", deliver=False)

    with pytest.raises(errors.OrderAlreadyPaidError):
        change_method(order_id=order.pk, actor="customer:1")
    order.refresh_from_db()
    assert order.status == "PAID"


def test_while_the_old_payment_cannot_be_killed_there_is_no_new_one(simulator: Simulator) -> None:
    order = make_order()
    old = start(order)
    notify(old, simulator.choose(old.gateway_id, "bca_va", deliver=False), "201")
    simulator.fault("not_modifiable", operation="core.cancel")

    with pytest.raises(errors.PaymentInFlightError):
        change_method(order_id=order.pk, actor="customer:1")

    assert Payment.objects.count() == 1
    assert_safe(simulator, order)


def test_a_method_that_expired_frees_the_slot_only_when_its_page_is_closed(simulator: Simulator) -> None:
    order = make_order()
    old = start(order)
    notify(old, simulator.choose(old.gateway_id, "qris", deliver=False), "201")
    notify(old, simulator.event(old.gateway_id, "expire", deliver=False), "202")
    old.refresh_from_db()
    assert old.status == "EXPIRED"

    new = start_payment(order_id=order.pk).payment

    assert new.pk != old.pk
    assert page_is_dead(simulator, old)


def too_late(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(expires_at=timezone.now() + timedelta(minutes=9))


def too_often(order: Order) -> None:
    for number in range(4):
        Payment.objects.create(
            order=order,
            gateway_id=f"{order.number}-OLD{number}",
            amount=order.total,
            status="CANCELLED",
            killed_at=timezone.now(),
            expires_at=order.expires_at,
        )


def too_little_stock(order: Order) -> None:
    with transaction.atomic():
        stock.adjust(variant_id=order.items.get().variant_id, delta=-10, reason="hilang", actor="test")


@pytest.mark.parametrize(
    ("trouble", "refusal"),
    [
        (too_late, errors.PaymentWindowOverError),
        (too_often, errors.TooManyPaymentsError),
        (too_little_stock, InsufficientStockError),
    ],
)
def test_nobody_loses_his_way_to_pay_when_there_cannot_be_another(
    simulator: Simulator,
    trouble: Callable[[Order], None],
    refusal: type[Exception],
) -> None:
    order = make_order()
    payment = start(order)
    notify(payment, simulator.choose(payment.gateway_id, "bca_va", deliver=False), "201")
    trouble(order)

    with pytest.raises(refusal):
        change_method(order_id=order.pk, actor="customer:1")

    assert [row["transaction_status"] for row in simulator.transactions(payment.gateway_id)] == ["pending"]
    payment.refresh_from_db()
    assert (payment.status, payment.kill_asked_at) == ("PENDING", None)


def test_a_click_on_a_payment_that_will_not_die_tries_once(simulator: Simulator) -> None:
    order = make_order()
    old = start(order)
    notify(old, simulator.choose(old.gateway_id, "bca_va", deliver=False), "201")
    simulator.fault("not_modifiable", operation="core.cancel")
    with pytest.raises(errors.PaymentInFlightError):
        change_method(order_id=order.pk, actor="customer:1")
    before = len(simulator.requests(operation="core.cancel"))

    with pytest.raises(errors.PaymentInFlightError):
        start_payment(order_id=order.pk)

    assert len(simulator.requests(operation="core.cancel")) == before + 1
