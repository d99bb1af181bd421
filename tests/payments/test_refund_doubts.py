"""Refunds in doubt: what is no refusal ends nothing, and what went back is counted once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from payments.errors import RefundRefusedError
from payments.models import PaymentTransaction, Refund
from payments.services import check_order
from payments.services.refunds import request_refund, send_due_refunds, send_refund
from shop.services.site import require_sweep
from tests.support.money import at_gateway, paid, unrecordable
from tests.support.simulator import Simulator
from tests.support.world import make_customer, make_order, notify, start

pytestmark = pytest.mark.django_db(transaction=True)

HIDDEN: dict[str, Any] = {"fields": {"transaction_status": "settlement"}, "remove": ["refunds", "refund_amount"]}


def ask(row: PaymentTransaction, amount: int | None = None) -> Refund:
    amount = row.received if amount is None else amount
    return request_refund(transaction_id=row.pk, amount=amount, reason="cacat", requested_by=make_customer())


def make_due() -> None:
    Refund.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize("before", [0, 1], ids=["before sending", "after sending"])
def test_an_unknown_transaction_in_get_status_is_no_refusal(simulator: Simulator, before: int) -> None:
    _, row = paid(simulator)
    refund = ask(row, 50_000)
    simulator.fault("status_404", operation="core.status", count=1, skip=before)

    assert send_refund(refund_id=refund.pk) != "FAILED"

    make_due()
    send_due_refunds()
    refund.refresh_from_db()
    assert refund.state == "DONE"
    assert at_gateway(simulator, row) == 50_000


def test_a_key_that_the_gateway_knows_already_is_no_refusal(simulator: Simulator) -> None:
    """The first answer was lost, and GET status lags: the retry is told that the refund exists."""
    _, row = paid(simulator)
    refund = ask(row, 50_000)
    simulator.fault("response_lost", operation="core.refund", count=1)
    lag = simulator.fault("status_edited", operation="core.status", **HIDDEN)
    assert send_refund(refund_id=refund.pk) == "SENT"
    assert send_refund(refund_id=refund.pk) == "SENT"

    simulator.remove_fault(lag)
    make_due()
    send_due_refunds()

    refund.refresh_from_db()
    assert refund.state == "DONE"
    assert at_gateway(simulator, row) == 50_000


def test_a_void_whose_answer_was_lost_is_not_given_up_while_get_status_lags(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    notify(payment, simulator.event(payment.gateway_id, "capture", deliver=False, method="credit_card"))
    row = payment.transactions.get()
    refund = ask(row)
    simulator.fault("response_lost", operation="core.cancel", count=1)
    lag = simulator.fault("status_edited", fields={"transaction_status": "capture", "fraud_status": "accept"})
    assert send_refund(refund_id=refund.pk) == "SENT"
    assert send_refund(refund_id=refund.pk) == "SENT"

    simulator.remove_fault(lag)
    assert send_refund(refund_id=refund.pk) == "DONE"
    order.refresh_from_db()
    row.refresh_from_db()
    assert (order.status, row.charged_back) == ("CANCELLED", 0)


def test_a_full_refund_that_tells_no_amount_leaves_nothing_to_give_back(simulator: Simulator) -> None:
    _, row = paid(simulator)
    full = simulator.event(row.payment.gateway_id, "refund", deliver=False, amount=row.received)
    simulator.fault("status_edited", remove=["refunds", "refund_amount"])
    notify(row.payment, full)

    with pytest.raises(RefundRefusedError):
        ask(row)


def test_a_total_and_later_its_list_are_counted_once(simulator: Simulator) -> None:
    order, row = paid(simulator)
    simulator.event(row.payment.gateway_id, "refund", deliver=False, amount=40_000)
    simulator.fault("status_edited", count=1, remove=["refunds"])
    check_order(order_id=order.pk, everything=True)

    check_order(order_id=order.pk, everything=True)

    assert [refund.amount for refund in row.refunds.all()] == [40_000]


def test_a_total_without_a_list_is_not_counted_beside_our_own_refund_under_way(simulator: Simulator) -> None:
    order, row = paid(simulator)
    refund = ask(row, 40_000)
    simulator.fault("response_lost", operation="core.refund", count=1)
    send_refund(refund_id=refund.pk)
    simulator.fault("status_edited", count=1, remove=["refunds"])
    check_order(order_id=order.pk, everything=True)

    check_order(order_id=order.pk, everything=True)

    assert [(one.channel, one.state) for one in row.refunds.all()] == [("API", "DONE")]


def test_a_refund_nobody_sent_yet_ends_when_the_money_goes_back_in_the_dashboard(simulator: Simulator) -> None:
    order, row = paid(simulator)
    refund = ask(row)
    simulator.event(row.payment.gateway_id, "refund", deliver=False, amount=10_000)

    check_order(order_id=order.pk, everything=True)

    refund.refresh_from_db()
    assert (refund.state, refund.last_error) == ("FAILED", "dana sudah kembali dengan cara lain")
    assert ask(row, row.received - 10_000).state == "REQUESTED"


def test_a_refund_after_a_dispute_is_refused(simulator: Simulator) -> None:
    _, row = paid(simulator, method="credit_card")
    waiting = ask(row, 50_000)
    notify(row.payment, simulator.event(row.payment.gateway_id, "chargeback", deliver=False))

    waiting.refresh_from_db()
    assert waiting.state == "FAILED"
    with pytest.raises(RefundRefusedError):
        ask(row, 1)
    assert simulator.requests(operation="core.refund") == []


def test_while_a_sweep_is_owed_the_job_sends_nothing_and_does_not_fail(simulator: Simulator) -> None:
    _, row = paid(simulator)
    ask(row)
    require_sweep(since=timezone.now())

    assert send_due_refunds() == 0
    assert simulator.requests(operation="core.refund") == []


def test_a_refund_that_meets_a_bug_delays_no_other(simulator: Simulator) -> None:
    _, bad = paid(simulator)
    _, good = paid(simulator)
    refunds = [ask(row, 10_000) for row in (bad, good)]
    make_due()

    with unrecordable(bad.transaction_id):
        assert send_due_refunds() == 1

    assert [Refund.objects.get(pk=refund.pk).state for refund in refunds] == ["REQUESTED", "DONE"]


def test_partial_refunds_told_by_webhooks_in_any_order_end_at_the_same_sum(simulator: Simulator) -> None:
    order, row = paid(simulator)
    gateway_id = row.payment.gateway_id
    told = [simulator.event(gateway_id, "refund", deliver=False, amount=amount) for amount in (30_000, 20_000)]
    rest = row.received - 50_000
    told.append(simulator.event(gateway_id, "refund", deliver=False, amount=rest))

    for state in reversed(told):
        assert notify(row.payment, state, refund_amount=str(state["refund_amount"])) == 200

    order.refresh_from_db()
    row.refresh_from_db()
    assert (order.status, row.status) == ("CANCELLED", "REFUNDED")
    assert sorted(row.refunds.values_list("amount", flat=True)) == sorted([30_000, 20_000, rest])
