"""Giving money back: never more than came in, never twice, whatever is lost or clicked twice."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.test import override_settings
from django.utils import timezone

from config.models import OutgoingMail
from orders.services import ship_order, start_processing
from payments import errors
from payments.models import Payment, PaymentTransaction, Refund
from payments.services import check_order
from payments.services.bank_refunds import claim_bank_refund, confirm_bank_refund
from payments.services.refund_book import refundable
from payments.services.refunds import (
    approve_refund,
    request_refund,
    send_due_refunds,
    send_refund,
)
from shop.models import User, Variant
from tests.support.money import ACCOUNT, PROOF, at_gateway, paid, two_payments
from tests.support.simulator import Simulator
from tests.support.threads import run_together
from tests.support.world import make_customer, make_order, make_variant, notify, start

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def staff() -> User:
    return make_customer(is_staff=True)


def test_a_full_refund_closes_the_order_and_returns_the_stock_once(simulator: Simulator, staff: User) -> None:
    variant = make_variant(on_hand=3)
    order, row = paid(simulator, variant)
    refund = request_refund(transaction_id=row.pk, amount=row.received, reason="barang habis", requested_by=staff)

    assert send_refund(refund_id=refund.pk) == "DONE"

    order.refresh_from_db()
    variant.refresh_from_db()
    row.refresh_from_db()
    assert (order.status, row.status, row.payment.status) == ("CANCELLED", "REFUNDED", "REFUNDED")
    assert (variant.on_hand, variant.reserved) == (3, 0)
    assert at_gateway(simulator, row) == row.received
    assert OutgoingMail.objects.filter(kind="order_refunded").count() == 1


def test_partial_refunds_add_up_and_never_exceed_what_came_in(simulator: Simulator, staff: User) -> None:
    order, row = paid(simulator)
    for amount in (30_000, 20_000):
        send_refund(
            refund_id=request_refund(transaction_id=row.pk, amount=amount, reason="cacat", requested_by=staff).pk
        )
    row.refresh_from_db()
    order.refresh_from_db()
    assert (order.status, row.status) == ("PAID", "PARTIALLY_REFUNDED")

    with pytest.raises(errors.RefundRefusedError):
        request_refund(transaction_id=row.pk, amount=row.received - 50_000 + 1, reason="x", requested_by=staff)
    send_refund(
        refund_id=request_refund(transaction_id=row.pk, amount=refundable(row), reason="sisanya", requested_by=staff).pk
    )

    order.refresh_from_db()
    assert order.status == "CANCELLED"
    assert at_gateway(simulator, row) == row.received


def test_two_people_click_refund_at_once_one_is_written(simulator: Simulator, staff: User) -> None:
    _, row = paid(simulator)
    ask = partial(request_refund, transaction_id=row.pk, amount=row.received, reason="x", requested_by=staff)

    results = run_together([ask, ask, ask])

    assert sum(isinstance(result, Refund) for result in results) == 1
    assert sum(isinstance(result, errors.RefundRefusedError) for result in results) == 2


def test_two_people_click_send_at_once_the_money_goes_back_once(simulator: Simulator, staff: User) -> None:
    _, row = paid(simulator)
    refund = request_refund(transaction_id=row.pk, amount=50_000, reason="x", requested_by=staff)

    run_together([partial(send_refund, refund_id=refund.pk)] * 4)

    refund.refresh_from_db()
    assert refund.state == "DONE"
    assert at_gateway(simulator, row) == 50_000
    assert len(simulator.requests(operation="core.refund")) == 1


@pytest.mark.parametrize("fault", ["response_lost", "http_500", "http_502", "empty_body", "refuse"])
def test_a_lost_answer_leaves_it_sent_and_the_retry_gives_back_once(
    simulator: Simulator,
    staff: User,
    fault: str,
) -> None:
    _, row = paid(simulator)
    refund = request_refund(transaction_id=row.pk, amount=50_000, reason="x", requested_by=staff)
    simulator.fault(fault, operation="core.refund", count=1)
    assert send_refund(refund_id=refund.pk) == "SENT"

    Refund.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    assert send_due_refunds() == 1

    refund.refresh_from_db()
    assert refund.state == "DONE"
    assert at_gateway(simulator, row) == 50_000


def test_after_six_days_nothing_is_sent_automatically(simulator: Simulator, staff: User) -> None:
    _, row = paid(simulator)
    refund = request_refund(transaction_id=row.pk, amount=50_000, reason="x", requested_by=staff)
    simulator.fault("http_500", operation="core.refund", count=1)
    send_refund(refund_id=refund.pk)
    Refund.objects.update(
        next_attempt_at=timezone.now() - timedelta(seconds=1),
        first_sent_at=timezone.now() - timedelta(days=6, hours=1),
    )

    assert send_due_refunds() == 0


def test_a_refund_that_the_bank_denies_fails_and_can_be_asked_for_again(simulator: Simulator, staff: User) -> None:
    _, row = paid(simulator)
    refund = request_refund(transaction_id=row.pk, amount=50_000, reason="x", requested_by=staff)
    simulator.fault("refund_denied", operation="core.refund", count=1)

    assert send_refund(refund_id=refund.pk) == "FAILED"
    assert refundable(row) == row.received
    again = request_refund(transaction_id=row.pk, amount=50_000, reason="x", requested_by=staff)
    assert send_refund(refund_id=again.pk) == "DONE"


def test_a_refund_made_in_the_dashboard_is_imported_and_counts(simulator: Simulator, staff: User) -> None:
    order, row = paid(simulator)
    simulator.event(row.payment.gateway_id, "refund", deliver=False, amount=40_000)
    check_order(order_id=order.pk, everything=True)

    imported = Refund.objects.get()
    assert (imported.channel, imported.state, imported.amount) == ("DASHBOARD", "DONE", 40_000)
    with pytest.raises(errors.RefundRefusedError):
        request_refund(transaction_id=row.pk, amount=row.received, reason="x", requested_by=staff)


def test_a_dashboard_refund_between_request_and_send_leaves_no_room(simulator: Simulator, staff: User) -> None:
    _, row = paid(simulator)
    refund = request_refund(transaction_id=row.pk, amount=row.received, reason="x", requested_by=staff)
    simulator.event(row.payment.gateway_id, "refund", deliver=False, amount=row.received)

    state = send_refund(refund_id=refund.pk)

    assert state == "FAILED"
    assert at_gateway(simulator, row) == row.received


def test_a_virtual_account_goes_back_by_bank_transfer(simulator: Simulator, staff: User) -> None:
    variant = make_variant(on_hand=2)
    order, row = paid(simulator, variant, method="bca_va")
    refund = request_refund(transaction_id=row.pk, amount=row.received, reason="habis", requested_by=staff)
    assert refund.channel == "BANK"
    with pytest.raises(errors.RefundRefusedError):
        send_refund(refund_id=refund.pk)

    claim_bank_refund(refund_id=refund.pk, actor="staff:1", account=ACCOUNT)
    with pytest.raises(errors.RefundRefusedError):
        claim_bank_refund(refund_id=refund.pk, actor="staff:2", account=ACCOUNT)
    confirm_bank_refund(refund_id=refund.pk, bank_reference="TRF-20261123-1", proof=PROOF, actor="staff:1")

    order.refresh_from_db()
    variant.refresh_from_db()
    row.refresh_from_db()
    assert (order.status, row.status) == ("CANCELLED", "REFUNDED")
    assert variant.on_hand == 2
    assert simulator.requests(operation="core.refund") == []
    check_order(order_id=order.pk, everything=True)
    row.refresh_from_db()
    assert row.status == "REFUNDED"


def test_above_the_limit_a_second_person_has_to_approve(simulator: Simulator, staff: User) -> None:
    _, row = paid(simulator)
    with override_settings(REFUND_APPROVAL_ABOVE=10_000):
        refund = request_refund(transaction_id=row.pk, amount=50_000, reason="x", requested_by=staff)
    with pytest.raises(errors.RefundRefusedError):
        send_refund(refund_id=refund.pk)
    with pytest.raises(errors.RefundRefusedError, match="orang lain"):
        approve_refund(refund_id=refund.pk, approved_by=staff)

    approve_refund(refund_id=refund.pk, approved_by=make_customer(is_staff=True))
    assert send_refund(refund_id=refund.pk) == "DONE"


def test_a_captured_card_is_voided_instead(simulator: Simulator, staff: User) -> None:
    variant = make_variant(on_hand=2)
    order = make_order((variant, 1))
    payment = start(order)
    captured = simulator.event(payment.gateway_id, "capture", deliver=False, method="credit_card")
    notify(payment, captured)
    row = PaymentTransaction.objects.get()
    assert row.raw_status == "capture"
    with pytest.raises(errors.RefundRefusedError):
        request_refund(transaction_id=row.pk, amount=1_000, reason="x", requested_by=staff)
    refund = request_refund(transaction_id=row.pk, amount=row.received, reason="x", requested_by=staff)

    assert send_refund(refund_id=refund.pk) == "DONE"

    order.refresh_from_db()
    variant.refresh_from_db()
    row.refresh_from_db()
    assert order.status == "CANCELLED"
    assert (row.charged_back, row.status) == (0, "CANCELLED")
    assert variant.on_hand == 2


def test_a_refund_of_a_shipped_order_leaves_the_stock_alone(simulator: Simulator, staff: User) -> None:
    variant = make_variant(on_hand=2)
    order, row = paid(simulator, variant)
    start_processing(order_id=order.pk, actor="staff:1")
    ship_order(order_id=order.pk, courier="JNE", tracking_number="JNE123456789", actor="staff:1")

    send_refund(
        refund_id=request_refund(transaction_id=row.pk, amount=row.received, reason="rusak", requested_by=staff).pk
    )

    order.refresh_from_db()
    variant.refresh_from_db()
    assert order.status == "REFUNDED"
    assert variant.on_hand == 1


# --- surplus ---


def test_two_payments_that_both_succeed_are_both_recorded_and_sell_once(simulator: Simulator) -> None:
    order, old, new = two_payments(simulator)

    assert order.status == "PAID"
    assert [row.surplus for row in PaymentTransaction.objects.filter(payment=new)] == [False]
    assert [row.surplus for row in PaymentTransaction.objects.filter(payment=old, received__gt=0)] == [True]
    assert set(Payment.objects.values_list("status", flat=True)) == {"SUCCESS"}
    assert Variant.objects.get().on_hand == 9


def test_two_settled_transactions_under_one_payment_are_one_payment_and_one_surplus(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    first = simulator.event(payment.gateway_id, "settle", deliver=False, method="gopay")
    notify(payment, first)
    simulator.choose(payment.gateway_id, "qris", deliver=False, force=True)
    second = simulator.event(payment.gateway_id, "settle", deliver=False, force=True)
    assert second["transaction_id"] != first["transaction_id"]

    assert notify(payment, second) == 200

    order.refresh_from_db()
    assert order.status == "PAID"
    assert sorted(PaymentTransaction.objects.values_list("surplus", flat=True)) == [False, True]
    assert Variant.objects.get().on_hand == 9


def test_a_surplus_is_given_back_once_and_the_order_stays_paid(simulator: Simulator, staff: User) -> None:
    order, _, _ = two_payments(simulator)
    surplus = PaymentTransaction.objects.get(surplus=True)
    refund = request_refund(transaction_id=surplus.pk, amount=surplus.received, reason="dobel", requested_by=staff)
    simulator.fault("response_lost", operation="core.refund", count=1)
    run_together([partial(send_refund, refund_id=refund.pk)] * 2)
    Refund.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1), lease="", lease_until=None)
    send_due_refunds()

    order.refresh_from_db()
    refund.refresh_from_db()
    assert (order.status, refund.state) == ("PAID", "DONE")
    assert at_gateway(simulator, surplus) == surplus.received
    with pytest.raises(errors.RefundRefusedError):
        request_refund(transaction_id=surplus.pk, amount=1, reason="lagi", requested_by=staff)


def test_when_the_paying_transaction_is_reversed_the_surplus_pays_the_order(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    first = simulator.event(payment.gateway_id, "settle", deliver=False, method="permata_va")
    notify(payment, first)
    simulator.choose(payment.gateway_id, "qris", deliver=False, force=True)
    notify(payment, simulator.event(payment.gateway_id, "settle", deliver=False, force=True))
    reversed_row = simulator.event(
        payment.gateway_id,
        "reverse",
        deliver=False,
        transaction_id=first["transaction_id"],
    )

    assert notify(payment, reversed_row, "202") == 200

    order.refresh_from_db()
    assert order.status == "PAID"
    assert not PaymentTransaction.objects.filter(surplus=True).exists()
    assert Variant.objects.get().on_hand == 9


def test_money_for_a_cancelled_order_can_be_given_back(simulator: Simulator, staff: User) -> None:
    from payments.services import cancel_order

    order = make_order()
    payment = start(order)
    cancel_order(order_id=order.pk, actor="customer:1", reason="")
    notify(payment, simulator.event(payment.gateway_id, "settle", deliver=False, force=True, method="gopay"))
    row = PaymentTransaction.objects.get()

    refund = request_refund(transaction_id=row.pk, amount=row.received, reason="pesanan batal", requested_by=staff)
    assert send_refund(refund_id=refund.pk) == "DONE"
    order.refresh_from_db()
    assert order.status == "CANCELLED"


def test_a_dispute_on_a_shipped_order_holds_it(simulator: Simulator) -> None:
    order, row = paid(simulator, method="credit_card")
    ship_order(order_id=order.pk, courier="JNE", tracking_number="JNE123456789", actor="staff:1")

    disputed = simulator.event(row.payment.gateway_id, "chargeback", deliver=False)
    assert notify(row.payment, disputed) == 200

    order.refresh_from_db()
    row.refresh_from_db()
    assert (order.status, order.payment_hold) == ("SHIPPED", "pembayaran disengketakan")
    assert (row.status, row.charged_back) == ("CHARGEBACK", row.received)
    assert refundable(row) == 0
