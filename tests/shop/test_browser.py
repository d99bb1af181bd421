"""The storefront in a real browser: accessible in both themes, narrow screens, and one submit for two clicks."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from orders.demo import seed_shipping
from shop.models import Product
from tests.factories import PASSWORD, AddressFactory, ProductFactory, ProductImageFactory, VariantFactory
from tests.support.requirements import require_or_skip
from tests.support.vouchers import make_voucher

CHROMIUM = "/usr/bin/chromium"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    require_or_skip("chromium", install="apt-get install chromium", present=Path(CHROMIUM).exists())
    with sync_playwright() as playwright:
        # Playwright switches the back/forward cache off; people have it on.
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox"],
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield chromium
        chromium.close()


@pytest.fixture
def shirt():
    product = ProductFactory.create(name="Kemeja Batik Kawung", slug="kemeja", tagline="Batik cap.")
    for _ in range(2):
        ProductImageFactory.create(product=product)
    for number, (colour, size, on_hand, price) in enumerate(
        [("Nila", "M", 5, 100_000), ("Nila", "XL", 0, 120_000), ("Sogan", "M", 2, 110_000)],
    ):
        VariantFactory.create(
            product=product,
            name=f"{colour}, {size}",
            options={"Warna": colour, "Ukuran": size},
            swatch={"Nila": "#1E3168", "Sogan": "#6B4526"}[colour],
            on_hand=on_hand,
            price=price,
            position=number,
        )
    other = ProductFactory.create(category=product.category, slug="panjang", name=f"Sarung {'sambung' * 16}")
    VariantFactory.create(product=other, on_hand=2)  # nor has it a picture
    return product


def open_page(browser: Browser, *, width: int = 390, dark: bool = False, script: bool = True) -> Page:
    # Tall, so that the bar at the bottom covers nothing that axe measures.
    context = browser.new_context(
        viewport={"width": width, "height": 4000},
        color_scheme="dark" if dark else "light",
        java_script_enabled=script,
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    return page


def fill_cart(page: Page, base: str, quantity: str = "1") -> None:
    page.goto(f"{base}/produk/kemeja/")
    page.fill("#id_jumlah", quantity)
    page.click(".go .btn-main")
    page.wait_for_url("**/keranjang/")


def violations(page: Page) -> list[str]:
    options = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{page.url}: {rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]


@pytest.mark.sweep
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(live_server, browser, shirt, width, dark):
    seed_shipping()
    page, base = open_page(browser, width=width, dark=dark), live_server.url
    paths = ["/", "/produk/?min=1&stok=on", "/produk/?min=x", "/produk/kemeja/", "/produk/panjang/", "/halaman/faq/"]
    paths.append("/ongkir/")
    searches = ["/cari/", "/cari/?q=kemja", "/cari/?q=kemeja+sambung", "/cari/?q=tidak-ada"]
    found = []
    for path in [*paths, *searches, "/zzz/", "/keranjang/", "/daftar/", "/masuk/"]:
        page.goto(base + path)
        found += violations(page)
    page.click("main .btn-main")  # an empty login
    page.wait_for_load_state()
    found += violations(page)
    fill_cart(page, base, "4")
    found += violations(page)
    found += violations_of_the_carts_boxes(page)

    assert found == []


def violations_of_the_carts_boxes(page: Page) -> list[str]:
    """Return what axe finds while the cart's boxes are open, wrong, filled, and after a line was taken out."""
    found = []
    page.click("#voucher summary")
    page.click("#ongkir summary")
    found += violations(page)
    page.fill("#id_kode", "salah")
    page.click("#voucher .btn")
    expect(page.locator(".errors")).to_be_focused()
    found += violations(page)
    page.fill("#id_kode", make_voucher(min_subtotal=900_000).code)
    page.click("#voucher .btn")
    expect(page.locator("#voucher .code")).to_be_visible()
    page.click("#ongkir summary")
    page.fill("#id_area", "depok")
    page.press("#id_area", "Enter")
    expect(page.locator("#ongkir [name=area_choice]").first).to_be_visible()
    found += violations(page)
    page.locator("#ongkir .choice").first.click()
    page.click("#ongkir form button")
    expect(page.locator(".sums")).to_contain_text("mulai")
    found += violations(page)
    page.click("[name=hapus]")
    expect(page.locator(".undo")).to_be_visible()
    return found + violations(page)


@pytest.mark.sweep
def test_axe_finds_nothing_in_the_account(live_server, browser, shirt):
    address = AddressFactory.create(is_default=True)
    page, base = open_page(browser), live_server.url
    page.goto(f"{base}/masuk/")
    page.fill("#id_email", str(address.user.email))
    page.fill("#id_password", PASSWORD)
    page.click("main .btn-main")
    page.wait_for_url("**/akun/")
    found = violations(page)
    page.goto(f"{base}/akun/alamat/tambah/")
    found += violations(page)
    page.click("main .btn-main")
    page.wait_for_load_state()
    found += violations(page)

    assert found == []
    assert page.title().startswith("Kesalahan: ")
    assert page.evaluate("document.activeElement.className") == "errors"


def test_nothing_scrolls_sideways_at_320_px(live_server, browser, shirt):
    page, base = open_page(browser, width=320), live_server.url
    fill_cart(page, base, "4")
    wide = []
    for path in [
        "/",
        "/produk/",
        "/produk/kemeja/",
        "/produk/panjang/",
        "/cari/?q=kemja",
        "/cari/?q=" + "w" * 100,
        "/keranjang/",
        "/masuk/",
        "/daftar/",
        "/halaman/privasi/",
        "/zzz/",
    ]:
        page.goto(base + path)
        if page.evaluate("document.documentElement.scrollWidth") > 320:
            wide.append(path)

    assert wide == []


def test_two_fast_clicks_send_one_form_and_back_frees_the_button(live_server, browser, shirt):
    page, base = open_page(browser), live_server.url
    page.goto(f"{base}/produk/kemeja/")
    posts = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    slowly(page, "**/keranjang/tambah/")
    box = page.locator(".go .btn-main").bounding_box()
    assert box is not None

    for _ in range(2):  # the raw mouse: a locator's click would wait for the page that follows the first one
        page.mouse.click(box["x"] + 20, box["y"] + 20)
    page.wait_for_url("**/keranjang/")
    page.go_back(wait_until="commit")
    button = page.locator(".go .btn-main")

    expect(button).to_have_text("Masukkan keranjang")
    expect(button).to_be_enabled()
    assert button.get_attribute("aria-busy") is None
    assert len(posts) == 1


def test_the_guard_locks_every_button_and_sends_the_pressed_one(live_server, browser, shirt):
    """On a page whose htmx did not arrive, so that the form is sent the plain way."""
    page, base = open_page(browser), live_server.url
    page.route("**/js/htmx.min*.js", lambda route: route.abort())
    fill_cart(page, base)
    page.goto(f"{base}/produk/kemeja/?varian={shirt.variants.get(name='Sogan, M').pk}")
    page.click(".go .btn-main")
    page.wait_for_url("**/keranjang/")
    slowly(page, "**/keranjang/ubah/")
    page.evaluate(NOTE_THE_BUTTONS)

    page.locator("[name=hapus]").first.click()
    page.wait_for_url("**/keranjang/")
    expect(page.locator(".lines > li")).to_have_count(1)  # its value was sent
    seen = page.evaluate("JSON.parse(sessionStorage.getItem('seen'))")

    assert [button["disabled"] for button in seen] == [True, True]
    assert [button["text"] for button in seen] == ["Memproses…", "Hapus Kemeja Batik Kawung Sogan, M"]
    assert [button["busy"] for button in seen] == ["true", None]


# While a page is on its way Playwright does not look at the old one, so the old one has to look at itself.
NOTE_THE_BUTTONS = """() => document.addEventListener("submit", () => setTimeout(() => {
  const buttons = [...document.querySelectorAll("[name=hapus]")].map((button) => ({
    disabled: button.disabled, text: button.textContent, busy: button.getAttribute("aria-busy"),
  }));
  sessionStorage.setItem("seen", JSON.stringify(buttons));
}, 50))"""


def slowly(page: Page, url: str) -> None:
    """Let the server think about it for a moment."""

    def answer(route: Route) -> None:
        time.sleep(0.4)
        route.continue_()

    page.route(url, answer)


def test_price_and_stock_follow_the_variant(live_server, browser, shirt):
    page, base = open_page(browser), live_server.url
    page.goto(f"{base}/produk/kemeja/")

    page.click("a.pick:has-text('Sogan')")
    page.wait_for_url("**/?varian=*")

    assert page.inner_text(".price-big") == "Rp110.000"
    assert page.inner_text("p[data-show=note]") == "Sisa 2"
    assert page.inner_text(".bar small") == "Sogan, M"


def open_the_sold_out_size(page: Page, base: str, shirt: Product) -> None:
    """Open the product at a size that is sold out, beside one that is there."""
    page.goto(f"{base}/produk/kemeja/?varian={shirt.variants.get(name='Nila, XL').pk}")
    expect(page.locator(".go")).to_contain_text("Pilihan ini sedang habis")


@pytest.mark.parametrize("width", [390, 1280])
def test_from_a_sold_out_size_to_one_that_is_there_the_button_comes_back(live_server, browser, shirt, width):
    page, base, there = open_page(browser, width=width), live_server.url, shirt.variants.get(name="Nila, M")
    open_the_sold_out_size(page, base, shirt)
    page.evaluate("window.same = true")

    page.locator(".pick", has_text=re.compile(r"^\s*M\s*$")).click()

    expect(page.locator(".go .btn-main")).to_be_visible()
    expect(page.locator(".go")).not_to_contain_text("habis")
    expect(page.locator(".bar")).not_to_contain_text("Stok habis")
    expect(page.locator(".bar .btn-main")).to_have_count(1)
    expect(page.locator(f"#varian-{there.pk}")).to_be_focused()
    expect(page).to_have_title(re.compile("Rp100.000"))
    page.wait_for_url(f"**/produk/kemeja/?varian={there.pk}")
    assert page.evaluate("window.same")
    page.click(".go .btn-main")
    page.wait_for_url("**/keranjang/")
    expect(page.locator(".lines > li")).to_contain_text("Nila, M")


def test_the_typed_quantity_goes_along_to_another_variant_as_far_as_its_stock(live_server, browser, shirt):
    VariantFactory.create(
        product=shirt, name="Nila, S", options={"Warna": "Nila", "Ukuran": "S"}, on_hand=3, price=90_000, position=9
    )
    page, base = open_page(browser), live_server.url
    page.goto(f"{base}/produk/kemeja/")
    page.fill("#id_jumlah", "4")

    page.locator(".pick", has_text=re.compile(r"^\s*S\s*$")).click()

    expect(page.locator("#id_jumlah")).to_have_attribute("max", "3")
    expect(page.locator("#id_jumlah")).to_have_value("3")
    page.locator(".pick", has_text=re.compile(r"^\s*M\s*$")).click()
    expect(page.locator("#id_jumlah")).to_have_attribute("max", "5")
    expect(page.locator("#id_jumlah")).to_have_value("3")


def test_the_estimate_follows_the_last_option_too(live_server, browser, shirt):
    seed_shipping()
    VariantFactory.create(
        product=shirt,
        name="Nila, S",
        options={"Warna": "Nila", "Ukuran": "S"},
        on_hand=3,
        price=90_000,
        weight=2_000,
        position=9,
    )
    page, base = open_page(browser), live_server.url
    page.goto(f"{base}/produk/kemeja/")
    page.click("#ongkir summary")
    page.fill("#id_area", "coblong bandung")
    page.locator(".suggestions li").first.click()
    page.click("#ongkir form button")
    expect(page.locator("#ongkir")).to_contain_text("mulai Rp12.000")

    page.locator(".pick", has_text=re.compile(r"^\s*S\s*$")).click()

    expect(page.locator("#ongkir")).to_contain_text("mulai Rp22.000")


def test_a_variant_that_cannot_be_fetched_is_gone_to(live_server, browser, shirt):
    page, base, there = open_page(browser), live_server.url, shirt.variants.get(name="Nila, M")
    open_the_sold_out_size(page, base, shirt)
    page.route("**/produk/kemeja/?varian=*", lambda route: route.abort(), times=1)

    page.locator(".pick", has_text=re.compile(r"^\s*M\s*$")).click()

    page.wait_for_url(f"**/produk/kemeja/?varian={there.pk}")
    expect(page.locator(".go .btn-main")).to_be_visible()


def test_a_variant_that_fails_to_come_does_not_stop_what_is_on_its_way_into_the_cart(live_server, browser, shirt):
    VariantFactory.create(
        product=shirt, name="Nila, S", options={"Warna": "Nila", "Ukuran": "S"}, on_hand=3, price=90_000, position=9
    )
    page, base = open_page(browser), live_server.url
    page.goto(f"{base}/produk/kemeja/")
    held: list[Route] = []
    for url in ("**/produk/kemeja/?varian=*", "**/keranjang/tambah/"):
        page.route(url, lambda route: held.append(route))  # noqa: PLW0108 - it marks the handler
    with page.expect_request("**/produk/kemeja/?varian=*"):
        page.locator(".pick", has_text=re.compile(r"^\s*S\s*$")).click()
    with page.expect_request("**/keranjang/tambah/"):
        page.click(".go .btn-main", no_wait_after=True)
    page.wait_for_timeout(300)  # the handler is called a moment after the request is told of
    variant, form = held

    variant.abort()
    page.wait_for_timeout(300)  # what the page does about it, it does by then
    form.continue_()

    page.wait_for_url("**/keranjang/")
    expect(page.locator(".lines > li")).to_contain_text("Nila, S")


def test_what_a_refused_form_said_is_gone_with_another_variant(live_server, browser, shirt):
    page, base = open_page(browser), live_server.url
    page.goto(f"{base}/produk/kemeja/?varian={shirt.variants.get(name='Sogan, M').pk}")
    page.fill("#id_jumlah", "1000")
    page.click(".go .btn-main")
    page.wait_for_url("**/keranjang/tambah/")
    expect(page.locator(".errors")).to_be_focused()

    page.click("a.pick:has-text('Nila')")

    expect(page.locator(".errors")).to_have_count(0)
    expect(page.locator(".price-big")).to_have_text("Rp100.000")
    expect(page).to_have_title(re.compile("^Kemeja"))


def test_a_corrected_filter_takes_what_it_said_away(live_server, browser, shirt):
    page, base = open_page(browser, width=1280), live_server.url
    page.goto(f"{base}/produk/?min=x")
    expect(page.locator(".errors")).to_be_focused()

    page.fill("#id_min", "100000")
    page.keyboard.press("Tab")

    page.wait_for_url("**/produk/?min=100000*")
    expect(page.locator(".errors")).to_have_count(0)
    expect(page.locator("#id_min")).not_to_have_attribute("aria-invalid", "true")
    expect(page).not_to_have_title(re.compile("^Kesalahan"))


def test_an_old_mistake_about_a_voucher_does_not_take_the_focus_from_the_estimate(live_server, browser, shirt):
    seed_shipping()
    page, base = open_page(browser), live_server.url
    fill_cart(page, base)
    page.click("#voucher summary")
    page.fill("#id_kode", "salah")
    page.click("#voucher .btn")
    expect(page.locator(".errors")).to_be_focused()

    page.click("#ongkir summary")
    page.fill("#id_area", "depok")
    page.press("#id_area", "Enter")
    expect(page.locator("#ongkir .choice").first).to_be_visible()
    expect(page.locator("#id_area")).to_be_focused()  # it says that several fit
    page.locator("#ongkir .choice").first.click()
    page.click("#ongkir form button")

    expect(page.locator(".sums")).to_contain_text("Ongkir ke Depok")
    expect(page.locator(".errors")).to_have_count(0)
    expect(page).to_have_title(re.compile("^Keranjang"))


def test_of_two_colours_pressed_in_a_row_the_last_one_stays(live_server, browser, shirt):
    page, base = open_page(browser), live_server.url
    page.goto(f"{base}/produk/kemeja/")
    held: list[Route] = []
    page.route("**/produk/kemeja/?varian=*", lambda route: held.append(route))  # noqa: PLW0108 - it marks the handler
    for colour in ("Sogan", "Nila"):
        with page.expect_request("**/produk/kemeja/?varian=*"):
            page.click(f"a.pick:has-text('{colour}')")
    sogan, nila = held

    nila.continue_()
    page.wait_for_url(nila.request.url)
    with page.expect_response(sogan.request.url):
        sogan.continue_()
    page.wait_for_load_state("networkidle")
    page.evaluate("new Promise(requestAnimationFrame)")

    assert page.url == nila.request.url
    assert page.inner_text(".price-big") == "Rp100.000"


def test_the_cart_follows_its_number_box(live_server, browser, shirt):
    page, base = open_page(browser), live_server.url
    fill_cart(page, base)

    page.click(".lines [data-step='1']")

    expect(page.locator(".top .count")).to_have_text("2")
    expect(page.locator(".sums .total dd")).to_have_text("Rp200.000")


def test_a_line_is_taken_out_and_put_back_in_place(live_server, browser, shirt):
    page, base = open_page(browser), live_server.url
    fill_cart(page, base, "2")
    page.evaluate("window.same = true")

    page.click("[name=hapus]")
    expect(page.locator("main")).to_contain_text("masih kosong")
    expect(page.locator("#kabar")).to_have_text("Kemeja Batik Kawung Nila, M dikeluarkan. Keranjang kosong.")
    expect(page.locator(".bottom .count")).to_have_count(0)
    page.click("text=Urungkan")

    expect(page.locator(".lines input")).to_have_value("2")
    expect(page.locator(".top .count")).to_have_text("2")
    expect(page.locator("#kabar")).to_have_text("Keranjang: 2 barang, Rp200.000.")
    assert page.evaluate("window.same")  # the page was never left


@pytest.mark.sweep
def test_a_wrong_number_is_explained_in_place_and_takes_the_focus(live_server, browser, shirt):
    page, base = open_page(browser), live_server.url
    fill_cart(page, base)

    page.fill(".lines input", "1000")
    page.keyboard.press("Tab")

    expect(page.locator(".errors")).to_be_focused()
    expect(page).to_have_title(re.compile("^Kesalahan: "))
    expect(page.locator(".lines input")).to_have_value("1000")


def test_numbers_typed_faster_than_the_answers_come_all_count(live_server, browser, shirt):
    """An answer that was on its way when the number changed again must not put the old number back."""
    page, base = open_page(browser), live_server.url
    fill_cart(page, base)
    slowly(page, "**/keranjang/ubah/")

    for _ in range(4):
        page.click(".lines [data-step='1']")
        page.wait_for_timeout(350)

    expect(page.locator(".top .count")).to_have_text("5")
    expect(page.locator(".lines input")).to_have_value("5")
    expect(page.locator(".sums .total dd")).to_have_text("Rp500.000")


@pytest.mark.sweep
def test_a_server_that_fails_leads_to_the_plain_way(live_server, browser, shirt):
    page, base = open_page(browser), live_server.url
    fill_cart(page, base)
    page.route("**/keranjang/ubah/", lambda route: route.abort(), times=1)

    page.click(".lines [data-step='1']")

    expect(page.locator(".top .count")).to_have_text("2")


@pytest.mark.sweep
def test_the_estimate_of_a_product_follows_its_variant_and_the_place(live_server, browser, shirt):
    seed_shipping()
    heavy = shirt.variants.get(name="Sogan, M")
    type(heavy).objects.filter(pk=heavy.pk).update(weight=2_000)
    page, base = open_page(browser), live_server.url
    page.goto(f"{base}/produk/kemeja/")

    page.click("#ongkir summary")
    page.fill("#id_area", "coblong bandung")
    page.locator(".suggestions li").first.click()
    page.click("#ongkir form button")
    expect(page.locator("#ongkir")).to_contain_text("Ke Coblong, Kota Bandung: mulai Rp12.000")
    page.click("a.pick:has-text('Sogan')")

    expect(page.locator("#ongkir")).to_contain_text("mulai Rp22.000")
    assert page.url.endswith(f"?varian={heavy.pk}")
    assert page.title().startswith("Kemeja Batik Kawung")  # the page has kept its own name


@pytest.mark.sweep
def test_voucher_and_estimate_change_the_sums_in_place(live_server, browser, shirt):
    seed_shipping()
    voucher = make_voucher(amount=15_000)
    page, base = open_page(browser), live_server.url
    fill_cart(page, base)
    page.evaluate("window.same = true")

    page.click("#voucher summary")
    page.fill("#id_kode", "salah")
    page.keyboard.press("Enter")
    expect(page.locator(".errors")).to_be_focused()
    page.fill("#id_kode", voucher.code.lower())
    page.click("#voucher .btn")
    expect(page.locator(".sums .total dd")).to_have_text("Rp85.000")
    expect(page.locator(".errors")).to_have_count(0)
    page.click("#ongkir summary")
    page.fill("#id_area", "depok")
    page.press("#id_area", "Enter")
    expect(page.locator("#ongkir .choice").first).to_be_visible()
    expect(page.locator("#id_area")).to_be_focused()  # it says that several fit
    expect(page).to_have_title(re.compile("^Keranjang"))
    page.locator("#ongkir .choice").first.click()
    page.click("#ongkir form button")
    expect(page.locator(".sums .total dd")).to_have_text("Rp97.000")
    page.click("text=Lepas")

    expect(page.locator(".sums .total dd")).to_have_text("Rp112.000")
    assert page.evaluate("window.same")


def test_a_number_changed_just_before_going_on_is_not_lost(live_server, browser, shirt):
    """Two clicks on plus and one on the button, faster than the pause after which the cart is sent."""
    page, base = open_page(browser), live_server.url
    fill_cart(page, base)

    page.evaluate("""() => {
      const plus = document.querySelector(".lines [data-step='1']");
      plus.click(); plus.click();
      document.querySelector("aside .btn-main").click();
    }""")
    page.wait_for_url("**/checkout/")

    assert "3 buah" in page.inner_text(".lines-small")


def test_it_all_works_without_javascript(live_server, browser, shirt):
    page, base = open_page(browser, script=False), live_server.url
    page.goto(f"{base}/produk/kemeja/")
    page.click("a.pick:has-text('Sogan')")
    expect(page.locator(".price-big")).to_have_text("Rp110.000")
    page.fill("#id_jumlah", "2")
    page.click(".go .btn-main")
    page.wait_for_url("**/keranjang/")
    page.fill(".lines input", "1")
    page.click("text=Perbarui jumlah")
    expect(page.locator(".sums .total dd")).to_have_text("Rp110.000")
    page.click(".theme button[value=dark]")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.url.endswith("/keranjang/")
    page.click("[name=hapus]")
    expect(page.locator("main")).to_contain_text("masih kosong")


def test_the_theme_switch_writes_the_cookie_without_a_request(live_server, browser, shirt):
    page, base = open_page(browser), live_server.url
    page.goto(base)
    posts = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)

    page.click(".theme button[value=dark]")

    assert page.get_attribute("html", "data-theme") == "dark"
    assert [cookie["value"] for cookie in page.context.cookies() if cookie.get("name") == "tema"] == ["dark"]
    assert posts == []
    page.reload()
    assert page.get_attribute("html", "data-theme") == "dark"


def test_the_browser_blocks_nothing(live_server, browser, shirt):
    """No page breaks the Content-Security-Policy or throws."""
    page, base = open_page(browser), live_server.url
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if "Security Policy" in message.text else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    fill_cart(page, base)
    for path in ["/", "/produk/", "/produk/kemeja/", "/keranjang/", "/masuk/"]:
        page.goto(base + path)

    assert said == []
