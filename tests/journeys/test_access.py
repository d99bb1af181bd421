"""Every page of a purchase: no barrier that axe knows, in both themes, and nothing that scrolls sideways."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import steps
from tests.journeys.goods import CATEGORY, PRODUCT
from tests.journeys.watch import PHONE, photograph, too_wide, violations
from tests.support.vouchers import make_voucher

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

NARROW, WIDE = (320, 640), (1280, 900)
TALL = (PHONE[0], 4000)  # so that the bar at the bottom covers nothing that axe measures
BAD = """<!doctype html><html><head><title>x</title></head><body style="margin:0">
<p style="color:#aaa;background:#fff">Pucat</p><input><img src="data:,"><button></button>
<div style="width:500px;height:1px"></div></body></html>"""
ALL_PAGES = {
    "home", "category", "search-empty", "product", "login", "login-errors", "register", "404", "cart", "address",
    "address-errors", "shipping", "review", "review-changed", "pay", "ordered", "pay-va", "order-waiting", "cancel",
    "order-paid", "product-estimate", "cart-boxes", "cart-code-refused", "cart-places", "cart-saved", "cart-undo",
    "cart-empty-undo", "estimate", "estimate-errors", "review-voucher", "review-code-refused",
}  # fmt: skip


def every_page(page: Page, base: str) -> Iterator[str]:
    """Walk through a purchase and yield the name of each page while it is open."""
    for name, path in (
        ("home", "/"),
        ("category", f"/kategori/{CATEGORY}/"),
        ("search-empty", "/cari/?q=tidak-ada-yang-begini"),
        ("register", "/daftar/"),
        ("404", "/tidak/ada/"),
        ("login", "/masuk/"),
    ):
        page.goto(base + path)
        yield name
    page.click("main .btn-main")
    expect(page.locator(".errors")).to_be_visible()
    yield "login-errors"
    page.goto(f"{base}/produk/{PRODUCT}/")
    yield "product"
    page.locator("#ongkir").scroll_into_view_if_needed()
    page.click("#ongkir summary")
    yield "product-estimate"
    steps.add_to_cart(page)
    yield "cart"
    yield from every_state_of_the_cart(page, base)
    page.goto(f"{base}/checkout/")
    yield "address"
    page.fill("#id_email", "rina@")
    page.click("main .btn-main")
    expect(page.locator(".errors")).to_be_visible()
    yield "address-errors"
    steps.type_address(page, script=True)
    yield "shipping"
    steps.choose_courier(page)
    yield "review-voucher"
    steps.follow(page, "text=Lepas")
    yield "review"
    page.click("#voucher summary")
    page.fill("#id_kode", "SALAH")
    page.click("#voucher .btn")
    expect(page.locator(".errors")).to_be_visible()
    yield "review-code-refused"
    change_the_cart(page, base)
    page.click("main .btn-main")
    expect(page.locator(".errors")).to_be_visible()
    yield "review-changed"
    steps.place_order(page)
    yield "pay"
    payment_page = page.url
    page.goto(f"{base}/checkout/")
    yield "ordered"
    page.goto(payment_page)
    steps.go_to_gateway(page)
    steps.choose_method(page, "BCA Virtual Account")
    hosted = page.url
    page.click("text=Kembali ke toko, bayar nanti")
    page.wait_for_url("**/pesanan/*/bayar/")
    yield "pay-va"
    page.goto(payment_page.removesuffix("bayar/"))
    yield "order-waiting"
    steps.follow(page, "text=Batalkan pesanan ini")
    yield "cancel"
    page.goto(hosted)
    page.click("text=Saya sudah bayar")
    steps.expect_paid(page)
    yield "order-paid"


def every_state_of_the_cart(page: Page, base: str) -> Iterator[str]:
    """Open the cart's boxes, fill them wrongly and rightly, take the line out and put it back."""
    page.click("#voucher summary")
    page.click("#ongkir summary")
    yield "cart-boxes"
    page.fill("#id_kode", "SALAH")
    page.click("#voucher .btn")
    expect(page.locator(".errors")).to_be_visible()
    yield "cart-code-refused"
    page.fill("#id_kode", make_voucher(amount=15_000).code)
    page.click("#voucher .btn")
    expect(page.locator(".sums")).to_contain_text("-Rp15.000")
    page.click("#ongkir summary")
    page.fill("#id_area", "depok")
    page.press("#id_area", "Enter")
    expect(page.locator("#ongkir [name=area_choice]").first).to_be_visible()
    yield "cart-places"
    page.locator("#ongkir .choice").first.click()
    page.click("#ongkir form .btn")
    expect(page.locator(".sums")).to_contain_text("mulai")
    yield "cart-saved"
    page.click("[name=hapus]")
    expect(page.locator(".undo")).to_be_visible()
    yield "cart-empty-undo"
    page.click("text=Urungkan")
    expect(page.locator(".lines")).to_be_visible()
    page.goto(f"{base}/produk/mangkuk-seladon/")
    steps.add_to_cart(page)
    page.locator("[name=hapus]").last.click()
    expect(page.locator(".undo")).to_be_visible()
    yield "cart-undo"
    page.goto(f"{base}/ongkir/")
    yield "estimate"
    page.fill("#id_area", "zzz")
    page.press("#id_area", "Enter")
    expect(page.locator(".errors")).to_be_focused()
    yield "estimate-errors"


def change_the_cart(page: Page, base: str) -> None:
    """Change the number in another tab."""
    other = page.context.new_page()
    other.goto(f"{base}/keranjang/")
    other.click(".lines [data-step='1']")
    expect(other.locator(".top .count")).to_have_text("2")
    other.close()


@pytest.mark.sweep
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_page_has_barriers_or_scrolls_sideways(base, shelf, visit, dark):
    page, watch = visit(dark=dark)
    watch.expect(400, 404)
    found, seen = [], set()
    for name in every_page(page, base):
        photograph(page, "purchase", name, dark=dark)
        resize(page, TALL)
        found += [f"{name}: {line}" for line in violations(page)]
        for size in () if dark else (NARROW, WIDE):
            resize(page, size)
            found += [f"{name} at {size[0]} px: {line}" for line in too_wide(page)]
        resize(page, PHONE)
        found += [f"{name}: {line}" for line in too_wide(page)]
        seen.add(name)

    assert found == []
    assert seen == ALL_PAGES


def resize(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})


def test_a_bad_page_does_not_pass(base, visit):
    page, _ = visit(size=NARROW)
    page.set_content(BAD)

    rules = {line.partition(":")[0] for line in violations(page)}

    assert {"color-contrast", "label", "image-alt", "button-name", "html-has-lang"} <= rules
    assert too_wide(page) == ["scrolls 180 px sideways"]


def test_a_watch_sees_what_goes_wrong(base, visit):
    page, watch = visit()
    page.goto(f"{base}/tidak/ada/")
    page.goto(f"{base}/masuk/")
    page.evaluate("""() => {
      document.body.insertAdjacentHTML("beforeend", '<p style="color:red">inline</p><img src="http://192.0.2.1/x.png">');
      setTimeout(() => { throw new Error("thrown"); });
      console.warn("warned");
    }""")
    awaited = ("404: ", "Content Security Policy", "thrown", "warned")
    for _ in range(50):
        if all(part in "\n".join(watch.trouble) for part in awaited):
            break
        page.wait_for_timeout(100)  # what the browser tells arrives while Playwright is waiting

    seen = "\n".join(watch.trouble)
    watch.trouble.clear()

    for part in awaited:
        assert part in seen
