"""How few clicks a member needs, and a voucher that somebody else was quicker with."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from orders.models import VoucherUse
from tests.journeys import steps
from tests.journeys.goods import make_member
from tests.support.vouchers import make_voucher

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.sweep,
    pytest.mark.django_db(transaction=True),
]

MOST_CLICKS = 4


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
    assert page.locator(steps.FIELDS).count() == 0
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
        steps.use_voucher(page, voucher.code)
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
