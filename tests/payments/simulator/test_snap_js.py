"""snap.js in a real browser: the popup, its callbacks, and the frame inside a shop's page."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.support.requirements import require_or_skip

CHROMIUM = "/usr/bin/chromium"
PAGE = """<!doctype html><title>Toko</title><div id="here" style="height:600px"></div>
<script src="%s/snap/snap.js" data-client-key="x"></script>
<script>
const told = [];
const callbacks = {
  onSuccess: (result) => told.push(["success", result]),
  onPending: (result) => told.push(["pending", result]),
  onError: (result) => told.push(["error", result]),
  onClose: () => told.push(["close", {}]),
};
</script>"""

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser_page() -> Iterator[Page]:
    require_or_skip("chromium", install="apt-get install chromium", present=Path(CHROMIUM).exists())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 390, "height": 844})
        browser.close()


@pytest.fixture
def shop_page(browser_page, sim):
    """A page of a shop that uses snap.js."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            content = (PAGE % sim.base_url).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format, *args):
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    origin = f"http://127.0.0.1:{server.server_address[1]}"
    before = sim.settings()
    sim.settings(finish_url=f"{origin}/selesai")
    browser_page.goto(f"{origin}/toko")
    yield browser_page
    browser_page.goto("about:blank")
    sim.settings(finish_url=before["finish_url"])
    server.shutdown()
    server.server_close()
    thread.join()


def told(page):
    """The first callback and what it was given."""
    page.wait_for_function("told.length > 0")
    [(event, result)] = page.evaluate("told.splice(0)")
    return event, result


def test_the_popup_tells_of_success_and_closes(shop_page, create, shop):
    token = create("ORDER-1")["token"]
    frame = shop_page.frame_locator("iframe")

    shop_page.evaluate("token => snap.pay(token, callbacks)", token)
    frame.get_by_role("button", name="BCA").click()
    frame.get_by_role("button", name="Saya sudah bayar").click()
    event, result = told(shop_page)

    assert (event, result["status_code"], result["transaction_status"]) == ("success", "200", "settlement")
    assert (result["order_id"], "signature_key" in result) == ("ORDER-1", False)
    assert shop_page.locator("iframe").count() == 0
    shop.wait_for(2)


def test_a_paid_token_is_an_error(shop_page, create, sim):
    token = create("ORDER-1")["token"]
    sim.event("ORDER-1", "settle")

    shop_page.evaluate("token => snap.pay(token, callbacks)", token)
    event, result = told(shop_page)

    assert (event, result["status_code"]) == ("error", "406")
    assert result["status_message"] == ["transaction has been processed"]


def test_closing_before_a_choice_and_after_it(shop_page, create):
    frame = shop_page.frame_locator("iframe")
    shop_page.evaluate("token => snap.pay(token, callbacks)", create("ORDER-1")["token"])
    frame.get_by_role("link", name="Kembali ke toko").click()
    before, _ = told(shop_page)

    shop_page.evaluate("token => snap.pay(token, callbacks)", create("ORDER-2")["token"])
    frame.get_by_role("button", name="BCA").click()
    frame.get_by_role("button", name="Saya sudah bayar").wait_for()
    shop_page.get_by_role("button", name="Tutup").click()
    after, result = told(shop_page)

    assert (before, after) == ("close", "pending")
    assert (result["status_code"], result["va_numbers"][0]["bank"]) == ("201", "bca")


def test_it_can_be_embedded(shop_page, create):
    token = create("ORDER-1", credit_card={"secure": True})["token"]
    frame = shop_page.frame_locator("#here iframe")

    shop_page.evaluate("token => snap.embed(token, {...callbacks, embedId: 'here'})", token)
    frame.get_by_role("link", name="Kartu").click()
    for name, value in (("number", "4811111111111114"), ("expiry", "12/39"), ("cvv", "123")):
        frame.locator(f"#{name}").fill(value)
    frame.get_by_role("button", name="Bayar").click()
    frame.locator("#code").fill("112233")
    frame.get_by_role("button", name="Konfirmasi").click()

    assert told(shop_page)[1]["transaction_status"] == "capture"


def test_without_callbacks_the_browser_goes_to_the_finish_url(shop_page, create):
    shop_page.evaluate("token => snap.pay(token)", create("ORDER-1")["token"])
    frame = shop_page.frame_locator("iframe")
    frame.get_by_role("button", name="BCA").click()
    frame.get_by_role("button", name="Saya sudah bayar").click()

    shop_page.wait_for_url("**/selesai?order_id=ORDER-1&status_code=200&transaction_status=settlement**")
