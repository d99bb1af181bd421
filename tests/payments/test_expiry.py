"""Expiring: with grace, after the gateway was asked, and without delay for others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from config.models import OutgoingMail
from orders.models import Order, OrderEvent
from orders.services import clear_hold
from payments.models import Payment
from payments.services import (
    check_order,
    expire_orders,
)
from shop.models import Variant
from tests.support.closing import assert_safe, due_again, order_state, overdue, page_is_dead
from tests.support.commands import run_command
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


def test_the_page_is_closed_too_whatever_the_gateways_clock_says(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    overdue(order)  # here, but not by the simulator's clock

    assert expire_orders().expired == 1

    assert page_is_dead(simulator, payment)
    assert_safe(simulator, order)


def test_an_order_whose_method_expired_is_closed_only_with_the_gateways_word(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    notify(payment, simulator.choose(payment.gateway_id, "qris", deliver=False), "201")
    notify(payment, simulator.event(payment.gateway_id, "expire", deliver=False), "202")
    overdue(order)
    rule = simulator.fault("http_503", operation="snap.cancel")

    assert (expire_orders().waiting, order_state(order)) == (1, ["HELD"])

    simulator.remove_fault(rule)
    due_again()
    assert expire_orders().closed == 1
    assert page_is_dead(simulator, payment)


@pytest.mark.parametrize("words", ["sudah kedaluwarsa", "token not found"])
def test_an_old_page_that_the_gateway_speaks_oddly_of_has_expired_by_itself(simulator: Simulator, words: str) -> None:
    order = make_order()
    start(order)
    overdue(order)
    if words == "token not found":
        simulator.reset()
    else:
        Payment.objects.update(token="not.a.token.of.yours")

    assert expire_orders().expired == 1


@pytest.mark.breaks_laws
def test_an_order_that_cannot_be_closed_delays_nobody_and_is_counted(simulator: Simulator) -> None:
    broken, fine = make_order(), make_order()
    overdue(broken)
    overdue(fine)
    Variant.objects.filter(pk=broken.items.get().variant_id).update(reserved=0)  # the release would go below zero

    run = expire_orders()

    fine.refresh_from_db()
    assert (run.failed, run.expired, fine.status) == (1, 1, "EXPIRED")


def test_money_that_was_not_accepted_and_went_back_keeps_no_order_open(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "qris", deliver=False, fee=2500)
    notify(payment, simulator.event(payment.gateway_id, "settle", deliver=False))
    order.refresh_from_db()
    assert order.payment_hold
    overdue(order)
    assert (expire_orders().expired, order_state(order)) == (0, ["HELD"])
    simulator.event(payment.gateway_id, "refund", deliver=False)
    check_order(order_id=order.pk, everything=True)

    assert expire_orders().expired == 1

    assert order_state(order) == ["RELEASED"]
    assert OrderEvent.objects.filter(order=order, kind="CLOSING").count() == 1


def test_a_hold_that_a_person_set_aside_keeps_no_order_open(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "qris", deliver=False, fee=2500)
    notify(payment, simulator.event(payment.gateway_id, "settle", deliver=False))
    overdue(order)
    clear_hold(order_id=order.pk, actor="staff:1", reason="pelanggan diberi tahu")

    assert expire_orders().expired == 1


def test_a_run_that_closed_nothing_for_want_of_a_key_fails(simulator: Simulator) -> None:
    order = make_order()
    start(order)
    overdue(order)

    done = run_command(
        "expire_orders",
        MIDTRANS_SNAP_URL=simulator.snap_url,
        MIDTRANS_CORE_URL=simulator.core_url,
        MIDTRANS_SERVER_KEY="SB-Mid-server-wrong",
    )

    assert (done.returncode, "server_key_refused" in done.stderr) == (1, True)
