"""Money that comes after the deadline: recorded always, and nothing is oversold for it."""

from __future__ import annotations

import pytest

from payments.services import (
    cancel_order,
)
from payments.services.kill import run_due_kills
from tests.support.closing import late_order
from tests.support.simulator import Simulator
from tests.support.world import make_order, make_variant, notify, start

pytestmark = pytest.mark.django_db(transaction=True)


def test_late_money_with_stock_free_makes_the_order_paid(simulator: Simulator) -> None:
    variant = make_variant(on_hand=2)
    order, payment = late_order(simulator, variant)

    transaction_row = simulator.event(payment.gateway_id, "settle", deliver=False, force=True)
    assert notify(payment, transaction_row) == 200

    order.refresh_from_db()
    variant.refresh_from_db()
    assert order.status == "PAID"
    assert (variant.on_hand, variant.reserved) == (0, 0)


def test_late_money_with_stock_gone_is_recorded_and_nothing_is_oversold(simulator: Simulator) -> None:
    variant = make_variant(on_hand=2)
    order, payment = late_order(simulator, variant)
    make_order((variant, 1))

    transaction_row = simulator.event(payment.gateway_id, "settle", deliver=False, force=True)
    assert notify(payment, transaction_row) == 200

    order.refresh_from_db()
    variant.refresh_from_db()
    payment.refresh_from_db()
    assert (order.status, payment.status) == ("EXPIRED", "SUCCESS")
    assert (variant.on_hand, variant.reserved) == (2, 1)


def test_late_money_for_a_cancelled_order_is_recorded_and_changes_nothing(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    cancel_order(order_id=order.pk, actor="customer:1", reason="")

    transaction_row = simulator.event(payment.gateway_id, "settle", deliver=False, force=True)
    assert notify(payment, transaction_row) == 200

    order.refresh_from_db()
    payment.refresh_from_db()
    assert (order.status, payment.status) == ("CANCELLED", "SUCCESS")
    assert not payment.transactions.get().surplus


def test_an_attempt_that_shows_up_under_a_dead_payment_is_cancelled_too(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    cancel_order(order_id=order.pk, actor="customer:1", reason="")

    notify(payment, simulator.choose(payment.gateway_id, "bca_va", deliver=False, force=True), "201")
    assert run_due_kills(limit=10, deadline_s=10) == 1

    assert [row["transaction_status"] for row in simulator.transactions(payment.gateway_id)] == ["cancel"]
    payment.refresh_from_db()
    assert (payment.status, payment.killed_at is None) == ("CANCELLED", False)
