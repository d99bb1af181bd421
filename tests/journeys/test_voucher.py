"""A voucher from the cart to the money, and how few clicks and boxes a checkout asks for."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from orders.models import VoucherUse
from orders.states import OrderStatus
from tests.journeys import steps
from tests.journeys.goods import make_member
from tests.support.vouchers import make_voucher

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.sweep,
    pytest.mark.django_db(transaction=True),
]

MOST_FIELDS = 8
MOST_CLICKS = 4
VISIBLE = "main input:visible:not([type=hidden]):not([type=radio]), main textarea:visible, main select:visible"


@pytest.mark.parametrize("size", [(360, 780), (1280, 900)], ids=["360 px", "1280 px"])
@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_guest_saves_with_a_voucher_and_pays_what_he_was_shown(base, shelf, visit, simulator, script, size):
    voucher = make_voucher(percent=10, most=30_000)
    page, watch = visit(script=script, size=size)
    watch.expect(400)  # the question which Depok is meant
    page.goto(f"{base}/cari/?q=kemeja")
    page.locator(f".card a[href='{shelf.shirt.get_absolute_url()}']").click()
    steps.choose_variant(page, "Sogan", "M")
    steps.add_to_cart(page)
    estimate(page, script=script)
    page.click("#voucher summary")
    page.fill("#id_kode", f" {voucher.code.lower()}")
    page.click("#voucher .btn")
    expect(page.locator(".sums")).to_contain_text(f"Voucher {voucher.code}")
    expect(page.locator(".sums")).to_contain_text("-Rp30.000")
    steps.go_to_checkout(page)
    assert page.input_value("#id_area") == "Depok, Kab. Sleman, DI Yogyakarta"
    fields = page.locator(VISIBLE).count()
    steps.type_address(page, script=script)
    steps.choose_courier(page)
    shown = page.inner_text(".sums .total dd")
    order = steps.place_order(page)
    steps.go_to_gateway(page)
    steps.choose_method(page, "BCA Virtual Account")
    page.click("text=Saya sudah bayar")
    steps.expect_paid(page)

    assert fields + 1 <= MOST_FIELDS  # the courier is the last
    order.refresh_from_db()
    assert (order.status, order.discount) == (OrderStatus.PAID, 30_000)
    assert shown == f"Rp{order.total:,}".replace(",", ".")
    (bill,) = [call["body"]["item_details"] for call in simulator.requests() if "item_details" in (call["body"] or {})]
    assert bill[-1]["price"] == -30_000
    assert VoucherUse.objects.get().order == order


def estimate(page: Page, *, script: bool) -> None:
    """Ask what shipping to Depok costs, in the cart."""
    page.click("#ongkir summary")
    page.fill("#id_area", "Depok")
    page.click("#ongkir form .btn")
    page.check("#ongkir input[name=area_choice][value='34.04.07']")
    page.click("#ongkir form .btn")
    expect(page.locator(".sums")).to_contain_text("Ongkir ke Depok, Kab. Sleman")
    assert page.url.endswith("/keranjang/")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_member_with_an_address_is_at_most_four_clicks_from_the_cart_to_the_payment(base, shelf, visit, script):
    member = make_member()
    page, _ = visit(script=script)
    page.goto(f"{base}/masuk/")
    steps.log_in(page, str(member.email))
    page.wait_for_url("**/akun/")
    page.goto(f"{base}{shelf.shirt.get_absolute_url()}")
    steps.add_to_cart(page)
    clicks = 0

    def click(selector: str, leads_to: str) -> None:
        nonlocal clicks
        clicks += 1
        page.locator(selector).locator("visible=true").first.click()
        page.wait_for_url(leads_to)

    click("aside .btn-main", f"**{steps.REVIEW}")
    assert page.locator(VISIBLE).count() == 0
    click("main .btn-main", "**/pesanan/*/bayar/")
    click("main .btn-main", "**/snap/**")

    assert clicks <= MOST_CLICKS


def test_the_last_use_taken_by_somebody_else_shows_the_review_again(base, shelf, visit):
    voucher = make_voucher(amount=10_000, total_limit=1)
    first, _ = visit()
    second, _ = visit()
    for page in (first, second):
        page.goto(f"{base}{shelf.mug.get_absolute_url()}")
        steps.add_to_cart(page)
        page.click("#voucher summary")
        page.fill("#id_kode", voucher.code)
        page.click("#voucher .btn")
        expect(page.locator(".sums")).to_contain_text("-Rp10.000")
        steps.go_to_checkout(page)
        steps.type_address(page, script=True, email=f"tamu{page is first}@contoh.id")
        steps.choose_courier(page)
    steps.place_order(first)

    second.click("main .btn-main")

    expect(second.locator(".errors")).to_contain_text("Voucher sudah habis dipakai.")
    expect(second.locator(".errors")).to_be_focused()
    order = steps.place_order(second)
    assert (order.discount, VoucherUse.objects.count()) == (0, 1)
