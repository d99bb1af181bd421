"""The payment page while money is on its way: it changes by itself, and asks no more than it must."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from orders.states import OrderStatus
from tests.journeys import steps

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_it_turns_to_paid_by_itself_when_the_webhook_comes(base, shelf, visit, simulator):
    page, _ = visit()
    steps.go_to_review(page, base)
    order = steps.place_order(page)
    steps.go_to_gateway(page)
    steps.choose_method(page, "BCA Virtual Account")
    page.click("text=Kembali ke toko, bayar nanti")
    page.wait_for_url("**/pesanan/*/bayar/")
    expect(page.locator(".bank")).to_contain_text("BCA")
    waiting_at = page.url
    visited: list[str] = []
    page.on("framenavigated", lambda frame: visited.append(frame.url))
    polls: list[int] = []
    page.on("response", lambda answer: polls.append(answer.status) if answer.url.endswith("status.json") else None)

    with page.expect_response("**/status.json"):  # 3 s: nothing new
        pass
    assert page.url == waiting_at
    simulator.event(order.payments.get().gateway_id, "settle")  # the bank tells, not the customer
    steps.expect_paid(page)

    assert visited == [waiting_at.removesuffix("bayar/")]  # once, and not the same page again
    assert len(polls) == 2
    order.refresh_from_db()
    assert order.status == OrderStatus.PAID
    page.go_back(wait_until="commit")  # the payment page is not in the history any more: there is nothing to pay
    assert page.url.startswith(simulator.base_url)


def test_without_javascript_a_link_asks_again(base, shelf, visit, simulator):
    page, watch = visit(script=False)
    watch.expect(400)
    steps.go_to_review(page, base, script=False)
    order = steps.place_order(page)
    steps.go_to_gateway(page)
    steps.choose_method(page, "BCA Virtual Account")
    page.click("text=Kembali ke toko, bayar nanti")
    page.wait_for_url("**/pesanan/*/bayar/")

    steps.follow(page, "noscript a")  # Playwright reads no text in there
    assert page.url.endswith("/bayar/")
    simulator.event(order.payments.get().gateway_id, "settle")
    steps.follow(page, "noscript a")

    steps.expect_paid(page)
