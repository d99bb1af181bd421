"""The shop's main job as customers do it, in a browser: searched, paid, sent, received, and what comes otherwise.

The walks cover every way to pay with and without JavaScript: a QR code after a change of mind about the bank, a card
that is refused first, a virtual account. Money always arrives by webhook.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from orders.couriers import tracking_page
from orders.models import Order, VoucherUse
from orders.services import ship_order
from orders.states import OrderStatus
from payments.models import Payment, PaymentTransaction
from payments.services import expire_orders
from payments.states import PaymentStatus
from shop.models import Reservation, StockMovement, User
from tests.journeys import steps
from tests.journeys.goods import PASSWORD, make_member, make_owner
from tests.support.closing import overdue
from tests.support.staff import page_url
from tests.support.vouchers import make_voucher

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PHONE, DESK = (360, 780), (1280, 900)
MOST_FIELDS = 8
SCRIPT = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])


def by_qris_after_a_change_of_mind(page: Page) -> None:
    """Choose a bank, go back to the shop, take a QR code instead."""
    steps.choose_method(page, "BCA Virtual Account")
    page.click("text=Kembali ke toko, bayar nanti")
    page.wait_for_url("**/pesanan/*/bayar/")
    expect(page.locator(".bank")).to_contain_text("BCA")
    page.click("text=Ganti cara bayar")
    page.wait_for_url("**/snap/**")
    steps.choose_method(page, "QRIS")
    expect(page.locator("figure.qr img")).to_be_visible()
    page.click("button.main")


def by_the_second_card(page: Page) -> None:
    """Type a card that the bank refuses, then a good one."""
    steps.pay_by_card(page, steps.BAD_CARD)
    expect(page.locator("[role=alert]")).to_contain_text("ditolak")
    assert Order.objects.get().status == OrderStatus.PENDING_PAYMENT
    steps.pay_by_card(page, steps.GOOD_CARD)


@pytest.mark.parametrize(
    ("script", "size", "pay"),
    [
        pytest.param(True, PHONE, by_qris_after_a_change_of_mind, id="script-360px-qris"),
        pytest.param(True, DESK, by_the_second_card, id="script-1280px-card"),
        pytest.param(False, PHONE, by_the_second_card, id="no-script-360px-card"),
        pytest.param(False, DESK, by_qris_after_a_change_of_mind, id="no-script-1280px-qris"),
    ],
)
def test_a_guest_is_served_from_the_search_to_the_parcel(base, shelf, visit, simulator, script, size, pay):
    voucher = make_voucher(percent=10, most=30_000)
    page, watch = visit(script=script, size=size)
    watch.expect(400)  # the question which Depok is meant
    steps.search(page, base, "kemeja kawung", shelf.shirt.get_absolute_url())
    steps.choose_variant(page, "Sogan", "M")
    steps.add_to_cart(page)
    steps.estimate(page)
    steps.use_voucher(page, f" {voucher.code.lower()}")
    expect(page.locator(".sums")).to_contain_text("-Rp30.000")
    steps.go_to_checkout(page)
    assert page.input_value("#id_area") == "Depok, Kab. Sleman, DI Yogyakarta"
    assert page.locator(steps.FIELDS).count() + 1 <= MOST_FIELDS  # the courier is the last
    steps.type_address(page, script=script)
    steps.choose_courier(page)
    shown = page.inner_text(".sums .total dd")
    order = steps.place_order(page)
    steps.go_to_gateway(page)
    pay(page)
    steps.expect_paid(page, script=script)

    assert_sold_once(order, simulator, (shelf.variant("Sogan, M").pk, 1))
    assert (order.discount, VoucherUse.objects.get().order) == (30_000, order)
    assert shown == f"Rp{order.total:,}".replace(",", ".")
    bills = [call["body"]["item_details"] for call in simulator.requests() if "item_details" in (call["body"] or {})]
    assert {bill[-1]["price"] for bill in bills} == {-30_000}

    resi = f"JP{order.pk:010d}"
    if script and size == DESK:
        staff_send(visit(size=DESK)[0], base, make_owner(), order, resi)
    else:
        ship_order(order_id=order.pk, courier="J&T", tracking_number=resi, actor="staff:1")
    receive(page, order, resi)
    page.click("text=Pesan lagi isi yang sama")
    page.wait_for_url("**/keranjang/")
    expect(page.locator("main .lines")).to_contain_text("Sogan, M")


def staff_send(page: Page, base: str, owner: User, order: Order, resi: str) -> None:
    """Find the paid order in the admin and give it to the courier."""
    page.goto(f"{base}/admin/orders/order/")
    page.fill("[name=username]", str(owner.email))
    page.fill("[name=password]", PASSWORD)
    page.click("[type=submit]")
    page.locator("#result_list a", has_text=order.number).first.click()
    expect(page.locator("body")).to_contain_text("Dibayar")
    page.locator(f"a[href*='{page_url(order, 'kirim')}']").first.click()
    page.fill("[name=tracking_number]", resi)
    page.click("#content-main [type=submit]")
    expect(page.locator("body")).to_contain_text(f"Pesanan {order.number} dikirim")


def receive(page: Page, order: Order, resi: str) -> None:
    """See the parcel on the order's page, and say that it arrived."""
    page.reload()
    expect(page.locator(".badge").first).to_have_text("Dikirim")
    expect(page.locator(".parcel output")).to_have_text(resi)
    assert page.get_attribute("a:has-text('Buka situs kurir')", "href") == tracking_page("J&T")
    page.click("text=Pesanan diterima")
    expect(page.locator(".badge").first).to_have_text("Selesai")
    order.refresh_from_db()
    assert order.status == OrderStatus.COMPLETED


def assert_sold_once(order: Order, simulator, *lines: tuple[int, int]) -> None:
    """The books agree: one payment, told by a webhook, and each unit taken out of the ledger once."""
    order.refresh_from_db()
    assert order.status == OrderStatus.PAID
    payment = Payment.objects.get(order=order, status=PaymentStatus.SUCCESS)
    assert payment.amount == order.total
    assert set(order.payments.exclude(pk=payment.pk).values_list("status", flat=True)) <= {PaymentStatus.CANCELLED}
    money = PaymentTransaction.objects.filter(payment__order=order, status=PaymentStatus.SUCCESS)
    assert [row.amount for row in money] == [order.total]
    simulator.advance(0)  # the customer's own question may have been faster than the webhook
    told = [delivery for delivery in simulator.deliveries(order_id=payment.gateway_id) if delivery["attempts"]]
    assert told
    assert {attempt["status"] for delivery in told for attempt in delivery["attempts"]} == {200}
    sold = StockMovement.objects.filter(reservation__reference=order.number)
    assert sorted((row.variant_id, row.delta) for row in sold) == sorted((pk, -units) for pk, units in lines)


@SCRIPT
def test_a_customer_takes_an_unpaid_order_back(base, shelf, visit, simulator, script):
    page, watch = visit(script=script)
    watch.expect(*([] if script else [400]))
    steps.go_to_review(page, base, script=script)
    order = steps.place_order(page)
    steps.go_to_gateway(page)
    steps.choose_method(page, "BCA Virtual Account")
    page.click("text=Kembali ke toko, bayar nanti")
    page.wait_for_url("**/pesanan/*/bayar/")

    page.click("main a:has-text('Batalkan')")
    page.wait_for_url("**/batal/")
    page.click("text=Ya, batalkan pesanan")

    expect(page.locator(".badge").first).to_have_text("Dibatalkan")
    order.refresh_from_db()
    assert order.status == OrderStatus.CANCELLED
    assert simulator.order(order.payments.get().gateway_id)["page"]["state"] != "open"
    assert [row.state for row in Reservation.objects.filter(reference=order.number)] == ["RELEASED"]
    expect(page.locator("main")).to_contain_text("Pesan lagi")


@SCRIPT
def test_what_was_not_paid_in_time_is_ordered_again_and_paid(base, shelf, visit, simulator, script):
    page, watch = visit(script=script)
    watch.expect(*([] if script else [400]))
    steps.go_to_review(page, base, script=script)
    late = steps.place_order(page)
    overdue(late)
    expire_orders()

    page.goto(page.url.removesuffix("bayar/"))
    expect(page.locator(".badge").first).to_have_text("Kedaluwarsa")
    page.click("main .btn-main:has-text('Pesan lagi')")
    page.wait_for_url("**/keranjang/")
    expect(page.locator("main .lines")).to_contain_text(shelf.shirt.name)
    steps.go_to_checkout(page)
    steps.type_address(page, script=script)
    steps.choose_courier(page)
    order = steps.place_order(page)
    steps.go_to_gateway(page)
    steps.choose_method(page, "BRI Virtual Account")
    page.click("text=Saya sudah bayar")
    steps.expect_paid(page, script=script)

    late.refresh_from_db()
    assert (late.status, late.pk != order.pk) == (OrderStatus.EXPIRED, True)
    assert_sold_once(order, simulator, (order.items.get().variant_id, 1))


@SCRIPT
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
    steps.expect_paid(page, script=script)

    assert order.user == member
    assert_sold_once(order, simulator, *((item.variant_id, 1) for item in order.items.all()))
    page.goto(f"{base}/akun/pesanan/")
    expect(page.locator("main")).to_contain_text(order.number)
