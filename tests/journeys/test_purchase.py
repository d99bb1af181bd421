"""The shop's main job as a customer does it, in a browser, with money that really arrives by webhook."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from orders.models import Order
from orders.states import OrderStatus
from payments.models import Payment, PaymentTransaction
from payments.states import PaymentStatus
from shop.models import StockMovement, User
from tests.journeys import steps
from tests.journeys.goods import PASSWORD, make_member, make_owner

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def assert_sold_once(order: Order, simulator, *lines: tuple[int, int]) -> None:
    """The books agree: one payment, told by a webhook, and each unit taken out of the ledger once."""
    order.refresh_from_db()
    assert order.status == OrderStatus.PAID
    payment = Payment.objects.get(order=order)
    assert (payment.status, payment.amount) == (PaymentStatus.SUCCESS, order.total)
    money = PaymentTransaction.objects.filter(payment=payment, status=PaymentStatus.SUCCESS)
    assert [row.amount for row in money] == [order.total]
    told = [delivery for delivery in simulator.deliveries(order_id=payment.gateway_id) if delivery["attempts"]]
    assert told
    assert {attempt["status"] for delivery in told for attempt in delivery["attempts"]} == {200}
    sold = StockMovement.objects.filter(reservation__reference=order.number)
    assert sorted((row.variant_id, row.delta) for row in sold) == sorted((pk, -units) for pk, units in lines)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_guest_buys_by_virtual_account(base, shelf, visit, simulator, script):
    page, watch = visit(script=script)
    watch.expect(*([] if script else [400]))  # without JavaScript the question which Depok is meant is such an answer
    steps.find_product(page, base)
    steps.choose_variant(page, "Sogan", "M")
    steps.add_to_cart(page)
    expect(page.locator("main .lines")).to_contain_text("Sogan, M")
    steps.go_to_checkout(page)
    steps.type_address(page, script=script)
    steps.choose_courier(page)
    expect(page.locator("main")).to_contain_text("Depok")
    order = steps.place_order(page)
    steps.go_to_gateway(page)
    steps.choose_method(page, "BCA Virtual Account")
    page.click("text=Saya sudah bayar")
    steps.expect_paid(page)

    assert_sold_once(order, simulator, (shelf.variant("Sogan, M").pk, 1))
    if script:
        owner, _ = visit(size=(1280, 900))
        assert_staff_see(owner, base, make_owner(), order)


def assert_staff_see(page: Page, base: str, owner: User, order: Order) -> None:
    page.goto(f"{base}/admin/orders/order/{order.pk}/change/")
    page.fill("[name=username]", str(owner.email))
    page.fill("[name=password]", PASSWORD)
    page.click("[type=submit]")
    page.wait_for_url(f"**/admin/orders/order/{order.pk}/change/")
    seen = page.locator("body")
    expect(seen).to_contain_text(order.number)
    expect(seen).to_contain_text("Dibayar")
    page.goto(f"{base}/admin/orders/order/")
    expect(page.locator("#result_list")).to_contain_text(order.number)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_guest_pays_by_qris(base, shelf, visit, simulator, script):
    page, watch = visit(script=script)
    watch.expect(*([] if script else [400]))
    steps.go_to_review(page, base, script=script)
    order = steps.place_order(page)
    steps.go_to_gateway(page)
    steps.choose_method(page, "QRIS")
    expect(page.locator("figure.qr img")).to_be_visible()
    page.click("button.main")
    steps.expect_paid(page)

    assert_sold_once(order, simulator, (order.items.get().variant_id, 1))


def test_a_refused_card_can_be_followed_by_a_good_one(base, shelf, visit, simulator):
    page, _ = visit()
    steps.go_to_review(page, base)
    order = steps.place_order(page)
    steps.go_to_gateway(page)
    steps.pay_by_card(page, steps.BAD_CARD)
    expect(page.locator("[role=alert]")).to_contain_text("ditolak")
    order.refresh_from_db()
    assert order.status == OrderStatus.PENDING_PAYMENT
    steps.pay_by_card(page, steps.GOOD_CARD)
    steps.expect_paid(page)

    assert_sold_once(order, simulator, (order.items.get().variant_id, 1))


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_member_confirms_one_screen(base, shelf, visit, simulator, script):
    member = make_member()
    elsewhere, _ = visit()  # last week, on another machine
    elsewhere.goto(f"{base}/masuk/")
    steps.log_in(elsewhere, str(member.email))
    elsewhere.wait_for_url("**/akun/")
    elsewhere.goto(f"{base}{shelf.mug.get_absolute_url()}")
    steps.add_to_cart(elsewhere)
    page, _ = visit(script=script)
    page.goto(f"{base}{shelf.shirt.get_absolute_url()}")
    steps.add_to_cart(page)
    page.click("text=Masuk, pakai alamat tersimpan")
    steps.log_in(page, str(member.email))
    page.wait_for_url(f"**{steps.REVIEW}")
    for product in (shelf.shirt, shelf.mug):
        expect(page.locator("main .lines")).to_contain_text(product.name)
    expect(page.locator("main")).to_contain_text("Jl. Dago 12")
    order = steps.place_order(page)
    steps.go_to_gateway(page)
    steps.choose_method(page, "BNI Virtual Account")
    page.click("text=Saya sudah bayar")
    steps.expect_paid(page)

    assert order.user == member
    assert_sold_once(order, simulator, *((item.variant_id, 1) for item in order.items.all()))
    page.goto(f"{base}/akun/pesanan/")
    expect(page.locator("main")).to_contain_text(order.number)
