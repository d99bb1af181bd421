"""What no purchase passes by: lists, searches, information, errors, rare states; and each list and form of the admin.

No barrier that axe knows, nothing that scrolls sideways, long names everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import pytest
from playwright.sync_api import Page, Route, expect

from config.throttling import Rate
from config.unavailable import static_page
from monitoring.models import Incident
from orders.links import order_path
from orders.models import Order
from payments.models import WebhookEndpoint
from payments.services import cancel_order, expire_orders
from shop import limits, links
from shop.models import Product, User
from shop.services.site import close_shop, open_shop
from shop.views.pages import PAGES
from tests.factories import PASSWORD, ProductFactory, VariantFactory
from tests.journeys.test_access import NARROW, WIDE, resize
from tests.journeys.watch import PHONE, SHEET, photograph, show_theme, too_wide, violations
from tests.support.closing import overdue
from tests.support.pages import paid_order
from tests.support.pages_of_staff import one_of_each
from tests.support.staff import make_staff, page_url
from tests.support.world import make_order, start

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.sweep, pytest.mark.django_db(transaction=True)]

LONG = "Kemeja Batik Tulis Kawung Prabu Lengan Panjang Pewarna Alam Edisi Perajin Giriloyo-Wukirsari"
TALL = (PHONE[0], 6000)  # the bar at the bottom covers no link of the longest list
MAILBOX = "rina@contoh.id"
TOO_MANY = "a=1&" * 1001


def lists_and_information(page: Page, base: str) -> Iterator[str]:
    """Lists in every state, the pages of words, products with odd stock and names."""
    category = Product.objects.earliest("pk").category
    sold = ProductFactory.create(category=category, name="Selendang Habis", slug="habis")
    VariantFactory.create(product=sold, on_hand=0)
    long = ProductFactory.create(category=category, name=LONG, slug="panjang")
    for place in range(3):
        name = f"Soga Kecokelatan Nomor {place} Motif Parang Rusak Barong"
        VariantFactory.create(
            product=long, name=name, options={"Warna": name}, swatch="#7a4b2a", position=place, on_hand=place * 2
        )
    for name, path in (
        ("list", "/produk/"),
        ("list-filtered", "/produk/?maks=300000&stok=on&urut=termurah"),
        ("list-nothing", "/produk/?min=90000000"),
        ("list-errors", "/produk/?min=500&maks=100"),
        ("search", "/cari/?q=kemeja"),
        ("search-mended", "/cari/?q=kemja"),
        ("search-start", "/cari/"),
        ("cart-empty", "/keranjang/"),
        ("product-sold-out", "/produk/habis/"),
        ("product-long-name", "/produk/panjang/"),
        *((f"words-{slug}", f"/halaman/{slug}/") for slug in PAGES),
    ):
        page.goto(base + path)
        yield name


def ways_in(page: Page, base: str) -> Iterator[str]:
    """Registering, from the first mistake to the password."""
    page.goto(f"{base}/daftar/")
    page.click("main .btn-main")
    expect(page.locator(".errors")).to_be_visible()
    yield "register-errors"
    page.fill("#id_name", "Ratna")
    page.fill("#id_email", "ratna@contoh.id")
    page.click("main .btn-main")
    page.wait_for_url("**/terkirim/")
    yield "register-mailed"
    token = links.make_newcomer_token(links.Newcomer("ratna@contoh.id", "Ratna", "/akun/"))
    page.goto(f"{base}/daftar/{token}/")
    yield "register-password"


def orders_in_rare_states(page: Page, base: str, simulator) -> Iterator[str]:
    """A code to scan, a refused card, orders that ended, somebody else's return from the bank."""
    guest = User.objects.create_guest()
    scanned, refused, expired, cancelled = (make_order(customer=guest, email=MAILBOX) for _ in range(4))
    simulator.choose(start(scanned).gateway_id, "qris")
    card = start(refused)
    simulator.choose(card.gateway_id, "credit_card")
    simulator.event(card.gateway_id, "deny")
    overdue(expired)
    expire_orders()
    cancel_order(order_id=cancelled.pk, actor=f"customer:{guest.pk}", reason="dibatalkan pelanggan")
    paid = paid_order(simulator, customer=guest, email=MAILBOX)
    account = links.make_token(links.GUEST_ACCOUNT, guest, str(paid.pk))
    for name, path in (
        ("pay-qris", f"{order_path(scanned)}bayar/"),
        ("pay-refused", f"{order_path(refused)}bayar/"),
        ("order-expired", order_path(expired)),
        ("order-cancelled", order_path(cancelled)),
        ("guest-account", f"/akun/buat/{account}/"),
        ("payment-finished", "/pembayaran/selesai/"),
    ):
        page.goto(base + path)
        yield name


def errors(page: Page, base: str, monkeypatch, settings) -> Iterator[str]:
    """What a visitor sees when something is wrong, on his side or on ours."""
    page.goto(f"{base}/cari/?{TOO_MANY}")
    yield "error-400"
    page.goto(f"{base}/masuk/")
    page.evaluate("document.querySelectorAll('[name=csrfmiddlewaretoken]').forEach((box) => box.remove())")
    page.click("main .btn-main")
    expect(page.locator("h1")).to_contain_text("terlalu lama terbuka")
    yield "error-403"
    settings.THROTTLING = True
    monkeypatch.setattr(limits, "PASSWORD_RESET", limits.Limit("none", Rate(0, 3600)))
    page.goto(f"{base}/lupa-kata-sandi/")
    page.fill("#id_email", "sari@contoh.id")
    page.click("main .btn-main")
    expect(page.locator("h1")).to_contain_text("Pelan-pelan")
    settings.THROTTLING = False
    yield "error-429"
    for status in (500, 503):
        answer_statically(page, f"{base}/mati/{status}/", status)
        page.goto(f"{base}/mati/{status}/")
        yield f"error-{status}"
    page.goto(f"{base}/produk/panjang/")
    page.click(".go .btn-main")
    page.wait_for_url("**/keranjang/")
    yield "cart-long-name"
    close_shop(reason="stok opname sampai pukul 15.00 WIB")
    page.goto(f"{base}/checkout/")
    yield "shop-closed"
    open_shop()


def answer_statically(page: Page, url: str, status: int) -> None:
    """Let an address answer with the page of a shop that cannot."""
    body = static_page(f"{status}.html")

    def answer(route: Route) -> None:
        route.fulfill(status=status, body=body, content_type="text/html; charset=utf-8")

    page.route(url, answer)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_other_page_has_barriers_or_scrolls_sideways(base, shelf, visit, simulator, settings, monkeypatch, dark):
    page, watch = visit(dark=dark)
    watch.expect(400, 403, 429, 500, 503)
    found = []
    for name in chain(
        lists_and_information(page, base),
        ways_in(page, base),
        orders_in_rare_states(page, base, simulator),
        errors(page, base, monkeypatch, settings),
    ):
        if SHEET:
            photograph(page, "pages", name, dark=dark)
        resize(page, TALL)
        found += [f"{name}: {line}" for line in violations(page)]
        for size in () if dark else (NARROW, WIDE):
            resize(page, size)
            found += [f"{name} at {size[0]} px: {line}" for line in too_wide(page)]
        resize(page, PHONE)

    assert found == []


def every_list_and_form(page: Page, base: str, simulator) -> Iterator[str]:
    """Log in as the owner; of every model the list, one row, and the empty form where there is one."""
    owner = make_staff("owner")
    page.goto(f"{base}/admin/")
    page.fill("[name=username]", str(owner.email))
    page.fill("[name=password]", PASSWORD)
    page.click("[type=submit]")
    page.wait_for_url("**/admin/")
    rows = one_of_each(simulator, make_staff("kasir"))
    Product.objects.update(name=LONG)
    Order.objects.update(recipient=LONG)
    WebhookEndpoint.objects.update(url=f"https://erp.example/{'panjang/' * 20}", description=LONG)
    Incident.objects.update(subject=LONG)
    yield "start"
    for label, row in sorted(rows.items()):
        app, model = label.split(".")
        pages = [("list", f"/admin/{app}/{model}/"), ("one", page_url(row))]
        if label in WITH_FORM:
            pages.append(("new", f"/admin/{app}/{model}/add/"))
        for kind, path in pages:
            page.goto(base + path)
            yield f"{model}-{kind}"
    for name, path in (("mails", "/staf/mail/contoh/"), ("mail", "/staf/mail/contoh/order_paid/")):
        page.goto(base + path)
        yield name


WITH_FORM = {
    "orders.shippingmethod", "orders.shippingzone", "orders.shippingrate", "orders.voucher", "payments.webhookendpoint",
    "shop.category", "shop.product", "shop.stockcount",
}  # fmt: skip


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_list_or_form_of_the_admin_has_barriers_or_scrolls_sideways(base, visit, simulator, dark):
    page, _ = visit(dark=dark, size=WIDE)
    found = []
    for name in every_list_and_form(page, base, simulator):
        show_theme(page, dark=dark)
        if SHEET:
            photograph(page, "admin", name, dark=dark)
        found += [f"{name}: {line}" for line in violations(page)]
        resize(page, (360, 800))
        found += [f"{name} on a phone: {line}" for line in too_wide(page)]
        resize(page, WIDE)

    assert found == []
