"""Vouchers where money is about: the bill at the gateway, late payments, refunds."""

from __future__ import annotations

import pytest
from django.utils import timezone

from orders.models import Order, Voucher, VoucherUse
from orders.services import ship_order
from payments.models import Payment
from payments.services import expire_orders
from payments.services.refunds import request_refund, send_refund
from tests.support.closing import overdue
from tests.support.simulator import Simulator
from tests.support.staff import settle
from tests.support.vouchers import make_voucher
from tests.support.world import make_customer, make_order, make_variant, notify, start

pytestmark = pytest.mark.django_db(transaction=True)


def expired(voucher: Voucher) -> tuple[Order, Payment]:
    """Return an order with a voucher that nobody paid in time."""
    order = make_order((make_variant(on_hand=5), 1), voucher_code=voucher.code)
    payment = start(order)
    overdue(order)
    expire_orders()
    order.refresh_from_db()
    assert order.status == "EXPIRED"
    return order, payment


def pay_late(simulator: Simulator, order: Order, payment: Payment) -> None:
    row = simulator.event(payment.gateway_id, "settle", deliver=False, force=True)
    assert notify(payment, row) == 200
    assert notify(payment, row) == 200  # told twice, as Midtrans does
    order.refresh_from_db()


def uses(voucher: Voucher) -> tuple[int, list[tuple[bool, bool]]]:
    """Return the voucher's count, and of each use whether it stands and whether it is over the limit."""
    voucher.refresh_from_db()
    rows = VoucherUse.objects.filter(voucher=voucher).order_by("pk")
    return voucher.used, [(use.given_back_at is None, use.over_limit) for use in rows]


@pytest.mark.parametrize(
    "fields", [{"amount": 10_000}, {"percent": 15, "most": 12_345}, {"kind": "SHIPPING", "amount": None}]
)
def test_the_bill_at_the_gateway_has_a_negative_line_and_adds_up(simulator: Simulator, fields) -> None:
    order = make_order((make_variant(price=99_999), 3), voucher_code=make_voucher(**fields).code)

    start(order)

    (call,) = simulator.requests()
    items = call["body"]["item_details"]
    assert items[-1] == {
        "id": "VOUCHER", "name": f"Voucher {order.voucher_code}", "price": -order.discount, "quantity": 1,
    }  # fmt: skip
    assert sum(item["price"] * item["quantity"] for item in items) == order.total
    assert call["body"]["transaction_details"]["gross_amount"] == order.total


def test_late_money_takes_the_use_again(simulator: Simulator) -> None:
    voucher = make_voucher(total_limit=1)
    order, payment = expired(voucher)
    assert uses(voucher) == (0, [(False, False)])

    pay_late(simulator, order, payment)

    assert order.status == "PAID"
    assert uses(voucher) == (1, [(True, False)])


@pytest.mark.parametrize("limit", ["total_limit", "customer_limit"])
def test_late_money_after_the_last_use_keeps_its_price_and_staff_see_it(simulator: Simulator, limit) -> None:
    voucher = make_voucher(**{limit: 1})
    order, payment = expired(voucher)
    make_order(customer=order.user, voucher_code=voucher.code)

    pay_late(simulator, order, payment)

    assert (order.status, order.discount) == ("PAID", 10_000)
    assert uses(voucher) == (1, [(True, True), (True, False)])
    assert "melebihi batasnya" in order.events.get(kind="NOTE").reason


def test_late_money_for_an_order_that_cannot_come_back_uses_nothing(simulator: Simulator) -> None:
    voucher, variant = make_voucher(total_limit=1), make_variant(on_hand=1)
    order = make_order((variant, 1), voucher_code=voucher.code)
    payment = start(order)
    overdue(order)
    expire_orders()
    make_order((variant, 1))  # the last unit

    pay_late(simulator, order, payment)

    assert order.status == "EXPIRED"
    assert uses(voucher) == (0, [(False, False)])


@pytest.mark.parametrize("shipped", [False, True], ids=["before it was sent", "after it was sent"])
def test_a_refund_gives_the_use_back_only_before_the_order_was_sent(simulator: Simulator, shipped) -> None:
    voucher = make_voucher(total_limit=1)
    order = make_order(voucher_code=voucher.code)
    payment = settle(simulator, order, "qris")
    if shipped:
        ship_order(order_id=order.pk, courier="JNE", tracking_number=f"RESI{timezone.now():%H%M%S%f}", actor="test")
    row = payment.transactions.get()
    staff = make_customer(is_staff=True)

    refund = request_refund(transaction_id=row.pk, amount=row.received, reason="uji", requested_by=staff)
    assert send_refund(refund_id=refund.pk) == "DONE"

    order.refresh_from_db()
    assert order.status == ("REFUNDED" if shipped else "CANCELLED")
    assert uses(voucher) == ((1, [(True, False)]) if shipped else (0, [(False, False)]))
