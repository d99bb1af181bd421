"""What a visitor does, step by step; each ends on the page that follows."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.conf import settings
from playwright.sync_api import Page, expect

from orders.links import order_by_token
from orders.models import Order
from tests.journeys.goods import PASSWORD, PRODUCT

GOOD_CARD, BAD_CARD = "4811111111111114", "4911111111111113"
ASKS, BETWEEN_ASKS_MS = 6, 3_000
REVIEW = "/checkout/tinjau/"
FIELDS = "main input:visible:not([type=hidden]):not([type=radio]), main textarea:visible, main select:visible"


def follow(page: Page, selector: str) -> None:
    """Press what leads to another page, and wait until all of that page is there."""
    with page.expect_navigation():
        page.click(selector)


def search(page: Page, base: str, words: str, path: str) -> None:
    """From the front page by the search box to the product at ``path``."""
    page.goto(f"{base}/")
    page.fill("#q", words)
    page.press("#q", "Enter")
    page.wait_for_url("**/cari/?q=*")
    page.locator(f".card a[href='{path}']").click()
    page.wait_for_url(f"**{path}")


def choose_variant(page: Page, colour: str, size: str) -> None:
    """Pick one value of each axis, by the script or by following links."""
    page.locator("a.pick", has_text=colour).click()
    page.wait_for_url("**/?varian=*")
    page.locator(".pick", has_text=re.compile(rf"^\s*{size}\s*$")).click()
    expect(page.locator(".bar small")).to_have_text(f"{colour}, {size}")


def add_to_cart(page: Page) -> None:
    """Press the button of the product page."""
    page.locator(".go .btn-main").click()
    page.wait_for_url("**/keranjang/")


def estimate(page: Page) -> None:
    """Ask in the cart what shipping to Depok costs."""
    page.click("#ongkir summary")
    page.fill("#id_area", "Depok")
    page.press("#id_area", "Enter")  # the button may be behind the list that opens meanwhile
    page.check("#ongkir input[name=area_choice][value='34.04.07']")
    page.click("#ongkir form .btn")
    expect(page.locator(".sums")).to_contain_text("Ongkir ke Depok, Kab. Sleman")
    assert page.url.endswith("/keranjang/")


def use_voucher(page: Page, code: str) -> None:
    """Type a code into the cart's box."""
    page.click("#voucher summary")
    page.fill("#id_kode", code)
    page.click("#voucher .btn")
    expect(page.locator(".sums")).to_contain_text(f"Voucher {code.strip().upper()}")


def go_to_checkout(page: Page) -> None:
    """From the cart, as a guest."""
    page.locator("aside .btn-main", has_text="Belanja tanpa akun").first.click()
    page.wait_for_url("**/checkout/")


def type_address(page: Page, *, script: bool, email: str = "rina@contoh.id") -> None:
    """Fill step 1 and go on; the district comes from the list, whoever makes it."""
    page.fill("#id_email", email)
    page.fill("#id_recipient", "Rina Kartika")
    page.fill("#id_phone", "0812-3456-7890")
    page.fill("#id_postal_code", "55281")
    page.fill("#id_street", "Jl. Kaliurang Km 5 No. 18, RT 03/RW 05")
    if script:
        page.fill("#id_area", "")  # it may begin with the place that shipping was asked for
        page.locator("#id_area").press_sequentially("depok sle")
        page.locator("[role=option]", has_text="Sleman").first.click()
        page.click("main .btn-main")
    else:
        page.fill("#id_area", "Depok")
        page.click("main .btn-main")
        page.check("input[name=area_choice][value='34.04.07']")
        page.click("main .btn-main")
    page.wait_for_url("**/checkout/pengiriman/")


def choose_courier(page: Page) -> None:
    """Pick the second service, if there is one, and go on."""
    page.locator("input[name=shipping_method]").nth(1).check()
    page.click("main .btn-main")
    page.wait_for_url(f"**{REVIEW}")


def go_to_review(page: Page, base: str, *, script: bool = True) -> None:
    """The short way from a product to the review, as a guest."""
    page.goto(f"{base}/produk/{PRODUCT}/")
    add_to_cart(page)
    page.goto(f"{base}/checkout/")
    type_address(page, script=script)
    choose_courier(page)


def place_order(page: Page) -> Order:
    """Press the button of the review; returns the order whose payment page follows."""
    page.click("main .btn-main")
    page.wait_for_url("**/pesanan/*/bayar/")
    return order_shown(page)


def order_shown(page: Page) -> Order:
    """Return the order whose page is open."""
    return order_by_token(urlsplit(page.url).path.split("/")[2])


def go_to_gateway(page: Page) -> None:
    """From the payment page to Midtrans' page, which the simulator shows."""
    page.click("main .btn-main")
    page.wait_for_url(f"{settings.MIDTRANS_CORE_URL}/**")


def choose_method(page: Page, label: str) -> None:
    """Pick a way to pay on the gateway's page."""
    page.locator("form[aria-label]", has=page.locator("button.method")).and_(
        page.get_by_label(label, exact=True)
    ).locator(
        "button",
    ).click()
    expect(page.locator("h1")).to_have_text(label)


def pay_by_card(page: Page, number: str) -> None:
    """Type a card and the bank's code."""
    page.locator("a.method", has_text="Kartu").click()
    page.fill("#number", number)
    page.fill("#expiry", "12/39")
    page.fill("#cvv", "123")
    page.click("button.main")
    page.fill("#code", "112233")
    page.click("button.main")


def expect_paid(page: Page, *, script: bool = True) -> None:
    """The order's page says that the money came.

    Where the browser was faster than the notification, the payment page asks by itself; without a script the customer
    presses its button, more than once if need be: the shop asks the gateway every three seconds at most.
    """
    page.wait_for_url("**/pesanan/**")
    for _ in range(0 if script else ASKS):
        if not page.url.endswith("/bayar/"):
            break
        follow(page, "form[action$='/cek/'] button")
        if page.url.endswith("/bayar/"):
            page.wait_for_timeout(BETWEEN_ASKS_MS)
    page.wait_for_url("**/pesanan/*/")
    expect(page.locator(".badge").first).to_have_text("Dibayar")


def log_in(page: Page, email: str) -> None:
    """Fill the login form that is open."""
    page.fill("#id_email", email)
    page.fill("#id_password", PASSWORD)
    page.click("main .btn-main")
