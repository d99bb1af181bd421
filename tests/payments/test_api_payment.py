"""Starting to pay over the API, against the simulator."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone

from orders.models import Order
from payments.models import Payment
from payments.services.payable import MAX_PAYMENTS
from payments.states import PaymentStatus
from shop.services import stock
from shop.services.site import close_shop
from tests.support.api import ApiClient, Buyer, problem_of
from tests.support.threads import run_together
from tests.support.world import make_order, make_variant, notify

pytestmark = pytest.mark.django_db


@pytest.fixture
def buyer() -> Buyer:
    return Buyer()


@pytest.fixture
def order(buyer) -> Order:
    return make_order((make_variant(on_hand=5), 5), customer=buyer.user)


def pay(caller: ApiClient, order: Order):
    return caller.post("/api/payment/create", {"orderId": str(order.pk)})


def calls_to_snap(simulator) -> int:
    return len(simulator.requests(operation="snap.create"))


def test_a_payment_is_started_once_and_then_answered_again(simulator, buyer, order):
    first, again = pay(buyer, order), buyer.post("/api/payment/create", {"orderId": order.number})

    assert (first.status_code, again.status_code) == (201, 200)
    assert set(first.json()) == {"token", "redirectUrl", "duplicate"}
    assert first.json()["duplicate"] is False
    assert again.json() == first.json() | {"duplicate": True, "message": "Pembayaran sudah diproses"}
    assert calls_to_snap(simulator) == 1


def test_the_order_shows_its_payment(simulator, buyer, order):
    started = pay(buyer, order).json()
    waiting = buyer.get(f"/api/orders/{order.pk}").json()["payment"]
    payment = Payment.objects.get()
    simulator.choose(payment.gateway_id, "bca_va")
    simulator.event(payment.gateway_id, "settle", deliver=False)
    assert notify(payment, simulator.transactions(payment.gateway_id)[0]) == 200
    paid = buyer.get(f"/api/orders/{order.pk}").json()

    assert waiting == {
        "status": "PENDING",
        "method": None,
        "amount": order.total,
        "redirectUrl": started["redirectUrl"],
        "expiresAt": waiting["expiresAt"],
        "paidAt": None,
    }
    assert paid["status"] == "PAID"
    assert paid["payment"]["status"] == "SUCCESS"
    assert paid["payment"]["method"]
    assert paid["payment"]["paidAt"]
    assert "redirectUrl" not in paid["payment"]
    body = problem_of(pay(buyer, order), 409)
    assert body["error"] == "Order sudah dibayar"
    problem_of(buyer.post(f"/api/orders/{order.pk}/cancel"), 409)


@pytest.mark.django_db(transaction=True)
def test_ten_clicks_at_once_open_one_page(simulator):
    buyer = Buyer()
    order = make_order(customer=buyer.user)
    callers = [ApiClient(buyer.user) for _ in range(10)]

    answers = run_together([lambda caller=caller: pay(caller, order) for caller in callers])  # type: ignore[misc]

    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert len({answer.json()["token"] for answer in answers}) == 1
    assert calls_to_snap(simulator) == 1


@pytest.mark.breaks_laws
def test_when_stock_is_short_the_gateway_is_not_called(simulator, buyer, order):
    item = order.items.get()
    stock.adjust(variant_id=item.variant_id, delta=-2, reason="pecah", actor="test")

    body = problem_of(pay(buyer, order), 409)

    assert body["error"] == "Stok tidak mencukupi. Tersedia: 3, diminta: 5"
    assert (body["stockIssue"], body["availableStock"], body["requestedQuantity"]) == (True, 3, 5)
    assert body["items"][0]["variantId"] == str(item.variant_id)
    assert calls_to_snap(simulator) == 0


def test_a_gateway_that_is_away_leaves_the_order_payable(simulator, buyer, order):
    simulator.fault("http_503", operation="snap.create", count=1)

    answer = pay(buyer, order)

    body = problem_of(answer, 503)
    assert body["retryAfter"] == int(answer["Retry-After"]) > 0
    assert Order.objects.get().status == "PENDING_PAYMENT"
    assert pay(buyer, order).status_code == 201


@pytest.mark.parametrize("why", ["cancelled", "closing", "hold", "late"])
def test_an_order_that_cannot_be_paid_is_a_409(simulator, buyer, order, why):
    now = timezone.now()
    rows = Order.objects.filter(pk=order.pk)
    if why == "cancelled":
        buyer.post(f"/api/orders/{order.pk}/cancel")
    elif why == "closing":
        rows.update(closing_at=now, closing_to="CANCELLED", closing_by="test")
    elif why == "hold":
        rows.update(payment_hold="jumlah salah")
    else:
        rows.update(created_at=now - timedelta(days=1), expires_at=now + timedelta(minutes=3))

    problem_of(pay(buyer, order), 409)

    assert calls_to_snap(simulator) == 0
    rows.update(payment_hold="", closing_at=None, closing_to="", closing_by="")


def test_a_sixth_payment_is_a_429(simulator, buyer, order):
    for number in range(MAX_PAYMENTS):
        Payment.objects.create(
            order=order,
            gateway_id=f"{order.number}-OLD{number}",
            amount=order.total,
            status=PaymentStatus.EXPIRED,
            expires_at=order.expires_at,
            killed_at=timezone.now(),
        )

    answer = pay(buyer, order)

    problem_of(answer, 429)
    assert answer["Retry-After"]


def test_a_closed_shop_starts_no_payment(simulator, buyer, order):
    close_shop(reason="libur")

    problem_of(pay(buyer, order), 503)

    assert calls_to_snap(simulator) == 0


def test_an_unknown_order_is_a_404(buyer):
    for reference in ("999999", 999999, "ORD-20260101-ZZZZZZ", "order-123"):
        problem_of(buyer.post("/api/payment/create", {"orderId": reference}), 404)


def test_cancelling_while_the_gateway_is_away_is_a_202(simulator, buyer, order):
    pay(buyer, order)
    fault = simulator.fault("http_503", operation="*", count=50)

    asked = buyer.post(f"/api/orders/{order.pk}/cancel")
    simulator.remove_fault(fault)

    assert asked.status_code == 202
    assert asked.json()["order"]["status"] == "PENDING_PAYMENT"
    assert asked.json()["order"]["isClosing"] is True


def test_cancelling_while_the_server_key_is_refused_is_a_202(simulator, buyer, order):
    pay(buyer, order)
    with override_settings(MIDTRANS_SERVER_KEY="SB-Mid-server-wrong"):
        asked = buyer.post(f"/api/orders/{order.pk}/cancel")

    assert (asked.status_code, asked.json()["order"]["isClosing"]) == (202, True)


def test_cancelling_what_was_paid_at_the_gateway_already_is_a_409(simulator, buyer, order):
    pay(buyer, order)
    simulator.event(Payment.objects.get().gateway_id, "settle", deliver=False)

    problem_of(buyer.post(f"/api/orders/{order.pk}/cancel"), 409)

    assert Order.objects.get(pk=order.pk).status == "PAID"
