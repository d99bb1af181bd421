"""A notification is applied only when what it claims is recorded, and its tries are not wasted."""

from __future__ import annotations

import json
from functools import partial

import pytest
from django.test import Client, override_settings

from payments.models import GatewayNotification, GatewayTrouble, Payment, PaymentTransaction
from payments.notification_body import signature
from payments.services.notifications import process_due
from tests.support.money import paid, settled, unrecordable
from tests.support.simulator import Simulator
from tests.support.threads import Background, run_together
from tests.support.world import make_order, notify, post_notification, start

pytestmark = pytest.mark.django_db(transaction=True)


def due() -> None:
    GatewayNotification.objects.update(next_attempt_at="2020-01-01T00:00Z")


def test_copies_of_one_body_that_come_at_once_use_one_try(simulator: Simulator) -> None:
    payment = start(make_order())
    transaction = settled(simulator, payment)
    simulator.fault("status_lags", count=5)

    codes = run_together([partial(notify, payment, transaction)] * 5)

    row = GatewayNotification.objects.get()
    assert codes == [503] * 5
    assert (row.outcome, row.deliveries) == ("WAITING", 5)
    assert row.attempts < 5


def test_a_settlement_whose_answer_was_overtaken_by_an_older_state_is_asked_about_again(simulator: Simulator) -> None:
    """The settlement's question is asked first and answered last; a later question was shown pending meanwhile."""
    order = make_order()
    payment = start(order)
    pending = simulator.choose(payment.gateway_id, "bca_va", deliver=False)
    hold = simulator.fault("hold", operation="core.status", when="before", count=1)
    first = Background(lambda: notify(payment, pending | {"transaction_status": "settlement"}))
    simulator.wait_held(hold)
    assert notify(payment, pending, "201") == 200
    settled(simulator, payment)
    simulator.release(hold)

    assert first.result() == 200

    order.refresh_from_db()
    assert order.status == "PAID"


def test_a_transaction_of_another_payment_under_a_valid_signature_is_never_applied(simulator: Simulator) -> None:
    """The signature does not cover the transaction; DANA's answers do not name the order."""
    ours, other = start(make_order()), start(make_order())
    transaction = simulator.choose(other.gateway_id, "dana", deliver=False)
    assert notify(other, transaction, "201") == 200

    assert notify(ours, transaction, "201") == 503

    assert PaymentTransaction.objects.get().payment_id == other.pk
    assert GatewayNotification.objects.get(gateway_id=ours.gateway_id).outcome == "WAITING"


def test_an_unknown_order_cannot_be_given_the_money_of_a_known_one(simulator: Simulator) -> None:
    """DANA's answers do not name the order, and a signed body of an order that we do not have names its transaction."""
    payment = start(make_order())
    transaction = settled(simulator, payment, method="dana")
    stranger = Payment(gateway_id="ORD-20200101-AAAAAA-BBBBBBBB", amount=payment.amount + 1)

    assert notify(stranger, transaction) == 404
    assert notify(payment, transaction) == 200
    stranger.amount = payment.amount
    assert notify(stranger, transaction) == 404

    assert Payment.objects.get().order is not None


def test_more_given_back_than_get_status_shows_is_tried_again(simulator: Simulator) -> None:
    _, row = paid(simulator)
    first = simulator.event(row.payment.gateway_id, "refund", deliver=False, amount=10_000)
    assert notify(row.payment, first, refund_amount="10000.00") == 200
    second = simulator.event(row.payment.gateway_id, "refund", deliver=False, amount=20_000)
    simulator.fault("status_edited", count=1, fields={"refund_amount": "10000.00"}, remove=["refunds"])

    assert notify(row.payment, second, refund_amount="30000.00") == 503

    due()
    assert process_due().applied == 1
    assert sum(refund.amount for refund in row.refunds.all()) == 30_000


def test_an_approval_that_get_status_does_not_show_yet_is_tried_again(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    challenged = simulator.event(payment.gateway_id, "challenge", deliver=False, method="credit_card")
    notify(payment, challenged, "201", fraud_status="challenge")
    approved = simulator.event(payment.gateway_id, "approve", deliver=False)
    simulator.fault("status_edited", count=1, fields={"fraud_status": "challenge"})

    assert notify(payment, approved, fraud_status="accept") == 503

    due()
    process_due()
    order.refresh_from_db()
    assert order.status == "PAID"


def test_a_refused_server_key_uses_up_no_tries_and_is_a_trouble(simulator: Simulator) -> None:
    payment = start(make_order())
    transaction = settled(simulator, payment)
    simulator.fault("http_500", operation="core.status", count=1)
    notify(payment, transaction)

    for _ in range(5):
        due()
        with override_settings(MIDTRANS_SERVER_KEY="another"):
            assert process_due().stopped == "server_key_refused"

    assert GatewayNotification.objects.get().attempts == 1
    assert GatewayTrouble.objects.get(kind="server_key_refused").count == 5


def test_a_row_that_meets_a_bug_delays_no_other(simulator: Simulator) -> None:
    bad, good = start(make_order()), start(make_order())
    transactions = [settled(simulator, payment) for payment in (bad, good)]
    simulator.fault("http_500", operation="core.status", count=2)
    for payment, transaction in zip((bad, good), transactions, strict=True):
        notify(payment, transaction)
    due()

    with unrecordable(transactions[0]["transaction_id"]):
        run = process_due()

    assert (run.applied, run.failed) == (1, 1)
    assert GatewayNotification.objects.get(gateway_id=bad.gateway_id).last_error == "IntegrityError"


def test_without_a_server_key_nothing_is_well_signed(simulator: Simulator) -> None:
    body = {"order_id": "A", "transaction_id": "t", "transaction_status": "settlement", "status_code": "200"}
    with override_settings(MIDTRANS_SERVER_KEY=""):
        signed = body | {"gross_amount": "1.00", "signature_key": signature("A", "200", "1.00")}
        assert post_notification(json.dumps(signed).encode()) == 403
    assert simulator.requests() == []


@pytest.mark.parametrize("length", ["²", "٣", "9" * 5000, "-1", "+2", "", "1e3", "65537"])
def test_an_odd_content_length_is_a_400(length: str) -> None:
    answer = Client().generic(
        "POST", "/api/payment/notification", b"{}", content_type="application/json", CONTENT_LENGTH=length,
    )  # fmt: skip
    assert answer.status_code == 400
