"""Money that is not what was asked for, or that comes and goes: recorded, held, and never the end of an order."""

from __future__ import annotations

import pytest

from orders.models import Order, OrderEvent
from orders.services import clear_hold, start_processing
from payments.models import Payment, PaymentTransaction, Refund
from payments.services import expire_orders, start_payment
from payments.services.refunds import request_refund, send_refund
from payments.staff.lists import attention_ids
from shop.models import StockMovement
from tests.support.closing import overdue
from tests.support.money import paid, settled
from tests.support.simulator import Simulator
from tests.support.world import make_customer, make_order, notify, start

pytestmark = pytest.mark.django_db(transaction=True)


def wrongly_paid(simulator: Simulator) -> tuple[Order, Payment]:
    """An order for which GET status shows 1,000 rupiah, settled."""
    order = make_order()
    payment = start(order)
    transaction = settled(simulator, payment, method="gopay")
    simulator.fault("status_edited", fields={"gross_amount": "1000.00"})
    assert notify(payment, transaction) == 200
    order.refresh_from_db()
    assert "tidak sesuai" in order.payment_hold
    return order, payment


def give_back_what_came(payment: Payment) -> None:
    row = payment.transactions.get()
    refund = request_refund(transaction_id=row.pk, amount=1000, reason="salah jumlah", requested_by=make_customer())
    assert send_refund(refund_id=refund.pk) == "DONE"


@pytest.mark.parametrize(
    "edit",
    [{"fields": {"gross_amount": "abc"}}, {"fields": {"gross_amount": "112000.50"}}, {"remove": ["gross_amount"]}],
)
def test_a_settlement_of_an_unreadable_amount_is_held_until_it_can_be_read(simulator: Simulator, edit: dict) -> None:
    order = make_order()
    payment = start(order)
    transaction = settled(simulator, payment)
    simulator.fault("status_edited", count=1, **edit)

    assert notify(payment, transaction) == 200
    order.refresh_from_db()
    assert (order.status, order.payment_hold) == (
        "PENDING_PAYMENT",
        "pembayaran tidak sesuai: jumlah tidak terbaca",
    )

    assert notify(payment, transaction, again="yes") == 200
    order.refresh_from_db()
    assert (order.status, order.payment_hold) == ("PAID", "")


def test_a_wrong_amount_that_turns_out_right_pays_the_order(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    transaction = settled(simulator, payment)
    simulator.fault("status_edited", fields={"gross_amount": "1.00"}, count=1)
    notify(payment, transaction)

    assert notify(payment, transaction, again="yes") == 200

    order.refresh_from_db()
    assert (order.status, order.payment_hold) == ("PAID", "")


def test_a_right_amount_that_looked_wrong_for_a_while_sells_once(simulator: Simulator) -> None:
    order, row = paid(simulator)
    transaction = simulator.transactions(row.payment.gateway_id)[0]
    simulator.fault("status_edited", fields={"gross_amount": "1.00"}, count=1)
    notify(row.payment, transaction, n="1")
    order.refresh_from_db()
    assert (order.status, order.payment_hold != "") == ("PAID", True)

    notify(row.payment, transaction, n="2")

    order.refresh_from_db()
    assert (order.status, order.payment_hold) == ("PAID", "")
    assert StockMovement.objects.filter(kind="SALE").count() == 1
    assert not PaymentTransaction.objects.get().surplus


def test_after_a_wrong_amount_went_back_the_order_can_be_paid_again(simulator: Simulator) -> None:
    order, payment = wrongly_paid(simulator)

    give_back_what_came(payment)

    order.refresh_from_db()
    payment.refresh_from_db()
    assert (order.status, order.payment_hold, payment.status) == ("PENDING_PAYMENT", "", "CANCELLED")
    assert start_payment(order_id=order.pk).payment.pk != payment.pk


def test_after_a_wrong_amount_went_back_the_order_expires_as_any_other(simulator: Simulator) -> None:
    order, payment = wrongly_paid(simulator)
    give_back_what_came(payment)
    overdue(order)

    expire_orders()

    order.refresh_from_db()
    assert order.status == "EXPIRED"


def test_an_order_whose_hold_a_person_set_aside_expires_and_its_history_does_not_grow_for_ever(
    simulator: Simulator,
) -> None:
    order, _ = wrongly_paid(simulator)
    clear_hold(order_id=order.pk, actor="staff:1", reason="pelanggan dihubungi")
    overdue(order)

    expire_orders()
    events = OrderEvent.objects.count()
    expire_orders()

    order.refresh_from_db()
    assert order.status == "EXPIRED"
    assert OrderEvent.objects.count() == events
    assert Refund.objects.count() == 0


def test_a_second_success_after_a_reversal_pays_the_order_and_ends_its_hold(simulator: Simulator) -> None:
    order, row = paid(simulator, method="permata_va")
    gateway_id = row.payment.gateway_id
    start_processing(order_id=order.pk, actor="staff:1")
    notify(row.payment, simulator.event(gateway_id, "reverse", deliver=False), "202")
    order.refresh_from_db()
    assert order.payment_hold == "bank membatalkan pembayaran"

    simulator.choose(gateway_id, "qris", deliver=False, force=True)
    notify(row.payment, simulator.event(gateway_id, "settle", deliver=False, force=True))

    order.refresh_from_db()
    assert (order.status, order.payment_hold) == ("PROCESSING", "")
    assert not PaymentTransaction.objects.filter(surplus=True).exists()
    assert StockMovement.objects.filter(kind="SALE").count() == 1


def test_a_second_success_after_everything_went_back_is_shown_to_staff_as_surplus(simulator: Simulator) -> None:
    order, row = paid(simulator)
    gateway_id = row.payment.gateway_id
    whole = request_refund(transaction_id=row.pk, amount=row.received, reason="habis", requested_by=make_customer())
    send_refund(refund_id=whole.pk)
    assert attention_ids() == []

    simulator.choose(gateway_id, "qris", deliver=False, force=True)
    assert notify(row.payment, simulator.event(gateway_id, "settle", deliver=False, force=True)) == 200

    order.refresh_from_db()
    assert order.status == "CANCELLED"
    assert PaymentTransaction.objects.get(surplus=True).received == order.total
    assert attention_ids() == [order.pk]


def test_a_reversal_told_twice_after_another_success_changes_nothing_more(simulator: Simulator) -> None:
    order, row = paid(simulator, method="permata_va")
    gateway_id = row.payment.gateway_id
    start_processing(order_id=order.pk, actor="staff:1")
    reversed_ = simulator.event(gateway_id, "reverse", deliver=False)
    notify(row.payment, reversed_, "202")
    simulator.choose(gateway_id, "qris", deliver=False, force=True)
    notify(row.payment, simulator.event(gateway_id, "settle", deliver=False, force=True))

    assert notify(row.payment, reversed_, "202", again="yes") == 200

    order.refresh_from_db()
    row.refresh_from_db()
    assert (order.status, order.payment_hold, row.status) == ("PROCESSING", "", "FAILED")


def test_a_dispute_of_the_paying_transaction_makes_the_surplus_the_one_that_pays(simulator: Simulator) -> None:
    order, row = paid(simulator, method="gopay")
    gateway_id = row.payment.gateway_id
    simulator.choose(gateway_id, "qris", deliver=False, force=True)
    notify(row.payment, simulator.event(gateway_id, "settle", deliver=False, force=True))
    assert PaymentTransaction.objects.filter(surplus=True).count() == 1

    disputed = simulator.event(
        gateway_id, "chargeback", deliver=False, force=True, transaction_id=row.transaction_id,
    )  # fmt: skip
    assert notify(row.payment, disputed) == 200

    order.refresh_from_db()
    assert (order.status, order.payment_hold) == ("PAID", "")
    assert not PaymentTransaction.objects.filter(surplus=True).exists()


def test_a_refund_and_a_dispute_in_one_answer_are_not_counted_twice(simulator: Simulator) -> None:
    _, row = paid(simulator, method="credit_card")
    simulator.event(row.payment.gateway_id, "refund", deliver=False, amount=40_000, force=True)
    disputed = simulator.event(row.payment.gateway_id, "chargeback", deliver=False, force=True)

    assert notify(row.payment, disputed) == 200

    row.refresh_from_db()
    assert row.charged_back == row.received - 40_000
