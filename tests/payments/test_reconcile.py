"""Asking the gateway about payments that no notification settled."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from payments.models import GatewayTrouble, Payment
from payments.services import cancel_order
from payments.services.closing import finish_closing
from payments.services.kill import Killed
from payments.services.reconcile import reconcile_payments
from tests.support.closing import late_order
from tests.support.money import settled, unrecordable
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


def test_reconcile_begins_with_those_that_were_never_asked_about(simulator: Simulator) -> None:
    asked_before, never_asked = start(make_order()), start(make_order())
    Payment.objects.update(created_at=timezone.now() - timedelta(hours=1))
    Payment.objects.filter(pk=asked_before.pk).update(checked_at=timezone.now() - timedelta(minutes=20))

    reconcile_payments(limit=1)

    assert [call["order_id"] for call in simulator.requests(operation="core.status")] == [never_asked.gateway_id]


def test_a_gateway_that_knows_nothing_stops_the_run_and_one_that_does_ends_the_trouble(simulator: Simulator) -> None:
    payments = [start(make_order()) for _ in range(6)]
    for payment in payments:
        notify(payment, simulator.choose(payment.gateway_id, "bca_va", deliver=False), "201")
    Payment.objects.update(created_at=timezone.now() - timedelta(hours=1), checked_at=None)
    rule = simulator.fault("status_404", operation="core.status")

    assert reconcile_payments().stopped == "many_unknown"
    simulator.remove_fault(rule)
    assert reconcile_payments().stopped == ""

    assert GatewayTrouble.objects.get(kind="many_unknown").ended_at is not None


def test_finish_closing_of_a_paid_order_says_paid(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    notify(payment, simulator.event(payment.gateway_id, "settle", deliver=False))

    assert finish_closing(order_id=order.pk, budget_s=1) is Killed.PAID


def test_reconcile_asks_first_about_payments_that_were_never_asked_about(simulator: Simulator) -> None:
    asked, never = start(make_order()), start(make_order())
    settled(simulator, never)
    Payment.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    Payment.objects.filter(pk=asked.pk).update(checked_at=timezone.now() - timedelta(hours=1))

    assert reconcile_payments(limit=1).changed == 1


def test_reconcile_finds_late_money_that_the_gateway_shows_by_transaction_only(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    notify(payment, simulator.choose(payment.gateway_id, "dana", deliver=False), "201")
    assert cancel_order(order_id=order.pk, actor="customer:1", reason="")
    settled(simulator, payment, force=True)
    Payment.objects.update(checked_at=timezone.now() - timedelta(hours=2))

    reconcile_payments()

    assert payment.transactions.get().received == order.total


def test_a_payment_that_meets_a_bug_delays_no_other_and_is_not_the_first_again(simulator: Simulator) -> None:
    bad, good = start(make_order()), start(make_order())
    poison = settled(simulator, bad)
    settled(simulator, good)
    Payment.objects.update(created_at=timezone.now() - timedelta(minutes=11))

    with unrecordable(poison["transaction_id"]):
        run = reconcile_payments()

    bad.refresh_from_db()
    assert (run.changed, run.crashed) == (1, 1)
    assert bad.checked_at is not None


@pytest.mark.parametrize(
    ("age", "asked", "due"),
    [
        (timedelta(hours=7), timedelta(minutes=58), 0),
        (timedelta(hours=7), timedelta(minutes=61), 1),
        (timedelta(hours=9), timedelta(minutes=61), 0),
        (timedelta(hours=9), timedelta(hours=25), 1),
        (timedelta(days=3, hours=1), timedelta(hours=25), 0),
    ],
)
def test_dead_payments_are_asked_about_hourly_for_8_hours_and_daily_for_3_days_after_their_deadline(
    simulator: Simulator, age: timedelta, asked: timedelta, due: int
) -> None:
    start(make_order())
    now = timezone.now()
    Payment.objects.update(status="EXPIRED", expires_at=now - age, checked_at=now - asked)

    assert reconcile_payments(dry_run=True).checked == due
