"""Impatient fingers, Back, refresh and second tabs: one order whatever is pressed twice."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect

from config.middleware import SecurityHeadersMiddleware
from orders.checkout import place
from orders.models import Order
from orders.states import OrderStatus
from tests.journeys import steps

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

BETWEEN_CLICKS_MS = 300
THINKING_S = 2
NOTE_RETURN = """addEventListener("pageshow", (event) => {
  sessionStorage.setItem("return", event.persisted ? "kept" : "fetched");
});"""


@pytest.fixture
def slow_shop(monkeypatch):
    """A shop that thinks before it places an order, so that a second click comes in time."""

    def slowly(*arguments, **keywords):
        time.sleep(THINKING_S)
        return place(*arguments, **keywords)

    monkeypatch.setattr("orders.views.review.place", slowly)


@pytest.fixture
def kept_review(monkeypatch):
    """A review page without ``no-store``: Safari keeps such pages anyway, and Chromium while no cookie changes."""
    answer = SecurityHeadersMiddleware.__call__

    def without(self, request):
        response = answer(self, request)
        if request.path == steps.REVIEW and request.method == "GET":
            response["Cache-Control"] = "private"
        return response

    monkeypatch.setattr(SecurityHeadersMiddleware, "__call__", without)


def click_twice(page: Page) -> None:
    """Two clicks of the raw mouse; a locator's click would wait for the page that follows the first one."""
    button = page.locator("main .btn-main")
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.click(x, y)
    page.wait_for_timeout(BETWEEN_CLICKS_MS)
    page.mouse.click(x, y)


def arrive(page: Page, url: str) -> None:
    """Wait until the page is there. The second click breaks off what the first began, so no navigation is awaited."""
    expect(page).to_have_url(re.compile(url), timeout=20_000)
    page.wait_for_load_state()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_two_clicks_make_one_order(base, shelf, visit, slow_shop, script):
    page, watch = visit(script=script)
    watch.expect(*([] if script else [400]))
    steps.go_to_review(page, base, script=script)

    click_twice(page)
    arrive(page, r"/pesanan/[^/]+/bayar/$")
    order = steps.order_shown(page)
    page.wait_for_timeout(THINKING_S * 1000)  # the first of two answers nobody waits for

    assert Order.objects.get() == order
    # The guard stops the second click; without it both arrive, which is what this test is about.
    assert watch.posted(steps.REVIEW) == (1 if script else 2)
    page.reload()
    assert watch.posted(steps.REVIEW) == (1 if script else 2)
    assert Order.objects.count() == 1


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_back_leads_to_the_same_order(base, shelf, visit, script):
    page, watch = visit(script=script)
    watch.expect(*([] if script else [400]))
    steps.go_to_review(page, base, script=script)
    order = steps.place_order(page)

    page.go_back(wait_until="commit")
    if page.url.endswith(steps.REVIEW):  # as it was, from the browser's memory
        page.click("main .btn-main")
    else:
        expect(page.locator("h1")).to_have_text("Pesananmu menunggu pembayaran")
        page.click("text=Lanjut bayar")
    page.wait_for_url("**/pesanan/*/bayar/")

    assert steps.order_shown(page) == order
    assert Order.objects.get() == order


def test_the_button_works_again_on_a_page_that_the_browser_kept(base, shelf, visit, kept_review):
    """Such a page has the same key and the button as it was left: disabled."""
    page, watch = visit()
    page.add_init_script(NOTE_RETURN)
    steps.go_to_review(page, base)
    order = steps.place_order(page)

    page.go_back(wait_until="commit")
    button = page.locator("main .btn-main")
    expect(button).to_contain_text("Buat pesanan & bayar")
    expect(button).to_be_enabled()
    assert page.evaluate("sessionStorage.getItem('return')") == "kept"
    assert button.get_attribute("aria-busy") is None
    again = steps.place_order(page)

    assert again == order
    assert Order.objects.get() == order
    assert watch.posted(steps.REVIEW) == 2


def test_two_tabs_make_one_order(base, shelf, visit):
    page, watch = visit()
    steps.go_to_review(page, base)
    other = page.context.new_page()
    other.goto(f"{base}{steps.REVIEW}")
    keys = [tab.locator("[name=key]").get_attribute("value") for tab in (page, other)]
    assert keys[0] != keys[1]

    orders = [steps.place_order(tab) for tab in (page, other)]

    assert orders[0] == orders[1] == Order.objects.get()
    assert watch.posted(steps.REVIEW) == 2
    third = page.context.new_page()
    third.goto(f"{base}/checkout/")
    expect(third.locator("h1")).to_have_text("Pesananmu menunggu pembayaran")


def test_a_cart_edited_in_another_tab_is_shown_before_it_is_ordered(base, shelf, visit):
    page, _ = visit()
    steps.go_to_review(page, base)
    before = page.locator(".total dd").inner_text()
    other = page.context.new_page()
    other.goto(f"{base}/keranjang/")
    other.click(".lines [data-step='1']")
    expect(other.locator(".top .count")).to_have_text("2")

    page.click("main .btn-main")
    expect(page.locator(".errors")).to_be_visible()

    assert page.title().startswith("Kesalahan: ")
    assert page.evaluate("document.activeElement.className") == "errors"
    assert page.locator(".total dd").inner_text() != before
    assert Order.objects.count() == 0
    order = steps.place_order(page)
    assert Order.objects.get() == order
    assert [item.quantity for item in order.items.all()] == [2]


def test_two_clicks_on_pay_make_one_payment(base, shelf, visit, simulator):
    page, _ = visit()
    steps.go_to_review(page, base)
    order = steps.place_order(page)
    simulator.fault("latency", operation="snap.create", seconds=1, count=1)  # so that the second click comes in time

    click_twice(page)
    arrive(page, f"^{re.escape(simulator.base_url)}/")

    assert order.payments.count() == 1
    assert len(simulator.requests(operation="snap.create")) == 1
    page.go_back(wait_until="commit")
    page.click("main .btn-main")
    arrive(page, f"^{re.escape(simulator.base_url)}/")
    assert order.payments.count() == 1
    order.refresh_from_db()
    assert order.status == OrderStatus.PENDING_PAYMENT
