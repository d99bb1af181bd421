"""Lists that filter and sort in place: the results change, and everything around them stays where it was."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.goods import CATEGORY
from tests.shop.test_budgets import SHIFTS
from tools.lighthouse.budget import CLS

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.sweep, pytest.mark.django_db(transaction=True)]

PATH = f"/kategori/{CATEGORY}/"
PHONE, DESK = (390, 844), (1280, 900)
MARK = "document.documentElement.dataset.mark = 'same page'"


def is_same_page(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.dataset.mark === 'same page'"))


def wishes(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def prices(page: Page) -> list[int]:
    texts = page.locator(".grid .price").all_inner_texts()
    return [int(text.replace("Mulai", "").strip().removeprefix("Rp").replace(".", "")) for text in texts]


def test_a_wish_changes_the_results_alone_and_says_how_many_there_are(base, shelf, visit):
    page, _ = visit(size=DESK)
    page.goto(base + PATH)
    page.evaluate(MARK)
    everything = prices(page)
    limit = sorted(everything)[len(everything) // 2]
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "hx-request" in request.headers else None)

    page.focus("#id_urut")
    page.select_option("#id_urut", "termurah")
    expect(page.locator("#kabar")).to_have_text(f"{len(everything)} barang, urutan termurah.")
    expect(page.locator("#id_urut")).to_be_focused()
    assert prices(page) == sorted(everything)
    page.fill("#id_maks", str(limit))
    page.press("#id_maks", "Enter")
    within = [price for price in everything if price <= limit]
    expect(page.locator("#kabar")).to_have_text(f"{len(within)} barang, urutan termurah.")
    expect(page.locator("#id_maks")).to_be_focused()
    page.check("#id_stok")
    expect(page.locator(".chips")).to_contain_text("Ada stok")
    expect(page.locator("#id_stok")).to_be_focused()

    assert wishes(page) == {"urut": ["termurah"], "maks": [str(limit)], "stok": ["on"]}
    assert is_same_page(page)
    assert len(asked) == 3
    assert page.evaluate(SHIFTS) < CLS
    page.reload()
    assert prices(page) == sorted(within)


def test_a_chip_takes_a_wish_back_and_empties_its_box(base, shelf, visit):
    page, _ = visit(size=DESK)
    page.goto(f"{base}{PATH}?maks=100000&stok=on")
    page.evaluate(MARK)

    page.locator(".chip", has_text="Paling tinggi").click()

    expect(page.locator("#id_maks")).to_have_value("")
    expect(page.locator("#id_stok")).to_be_checked()
    expect(page.locator("#h-hasil")).to_be_focused()
    assert (wishes(page), is_same_page(page)) == ({"stok": ["on"]}, True)


def test_back_leads_to_the_list_as_it_was(base, shelf, visit):
    page, _ = visit(size=DESK)
    page.goto(base + PATH)
    before = prices(page)
    page.check("#id_stok")
    expect(page.locator(".chips")).to_contain_text("Ada stok")
    page.select_option("#id_urut", "termahal")
    expect(page.locator("#kabar")).to_contain_text("termahal")

    page.go_back()
    expect(page.locator("#id_urut")).to_have_value("terbaru")
    expect(page.locator("#id_stok")).to_be_checked()
    page.go_back()

    expect(page.locator(".chips")).to_have_count(0)
    assert (wishes(page), prices(page)) == ({}, before)


def test_on_a_phone_the_boxes_fold_away_once_they_were_sent(base, shelf, visit):
    page, _ = visit(size=PHONE)
    page.goto(base + PATH)
    page.click("#saring-judul")
    page.fill("#id_min", "1000")
    page.click("#saring .btn")

    expect(page.locator("#saring-judul")).to_contain_text("1 aktif")
    expect(page.locator("#id_min")).to_be_hidden()
    expect(page.locator("#h-hasil")).to_be_focused()


def test_a_wish_that_is_refused_shows_why(base, shelf, visit):
    page, _ = visit(size=DESK)
    page.goto(base + PATH)
    page.fill("#id_maks", "seribu")
    page.press("#id_maks", "Enter")

    expect(page.locator(".errors")).to_contain_text("Tulis harga sebagai angka")
    assert page.title().startswith("Kesalahan: ")
    assert wishes(page)["maks"] == ["seribu"]


def test_without_a_script_the_button_does_the_same(base, shelf, visit):
    page, _ = visit(size=DESK, script=False)
    page.goto(base + PATH)
    page.check("#id_stok")
    page.fill("#id_min", "1000")
    page.click("#saring .btn")

    expect(page.locator(".chips")).to_contain_text("Ada stok")
    assert wishes(page) == {"min": ["1000"], "stok": ["on"], "urut": ["terbaru"]}


def test_a_server_that_is_away_gets_the_request_that_the_form_makes_alone(base, shelf, visit):
    page, watch = visit(size=DESK)
    watch.expect(503)
    page.goto(base + PATH)
    page.route("**/*", lambda route: route.fulfill(status=503, body="") if is_live(route) else route.fallback())

    page.check("#id_stok")

    page.wait_for_url("**stok=on**")
    expect(page.locator(".chips")).to_contain_text("Ada stok")
    (told,) = watch.trouble  # htmx's own line
    assert "Status Error Code 503" in told
    watch.trouble.clear()


def is_live(route) -> bool:
    return "hx-request" in route.request.headers
