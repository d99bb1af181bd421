"""How a customer learns that money came: asking, being told, coming back from the gateway (never believed)."""

from __future__ import annotations

import re

import pytest
from django.core.cache import cache
from django.test import Client

from orders.links import order_path
from payments.page_state import PageState
from payments.services import check_order
from payments.states import PaymentStatus
from tests.support.checkout import main_of, text_of, visitor
from tests.support.pages import state_of
from tests.support.world import make_order, start

pytestmark = pytest.mark.django_db


def test_status_is_small_json_and_304_while_nothing_changes(client, simulator):
    order = make_order()
    path = f"{order_path(order)}status.json"

    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first["ETag"]})

    answer = first.json()
    assert answer["status"] == "PENDING_PAYMENT"
    assert answer["paymentStatus"] is None
    assert answer["next"].endswith("/bayar/")
    assert set(answer) == {"status", "paymentStatus", "state", "message", "next", "serverTime"}
    assert again.status_code == 304
    assert again.content == b""
    assert first["Cache-Control"] == "private, no-cache"
    start(order)
    changed = client.get(path, headers={"If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    assert changed.json()["paymentStatus"] == PaymentStatus.PENDING


def test_the_page_and_its_status_agree_on_the_state(client, simulator):
    order = make_order()
    payment = start(order)
    path = order_path(order)

    def agree() -> str:
        told = client.get(f"{path}status.json").json()
        shown = re.search(r'data-state="([^"]+)"', text_of(client.get(told["next"])))
        assert shown
        assert shown[1] == told["state"]
        return told["state"]

    assert agree() == "waiting"
    simulator.choose(payment.gateway_id, "qris", deliver=False)
    check_order(order_id=order.pk)
    assert agree() == "waiting-qris"


def test_check_finds_money_whose_notification_was_lost(client, simulator):
    order = make_order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)
    simulator.event(payment.gateway_id, "settle", deliver=False)
    path = order_path(order)

    answer = client.post(f"{path}cek/")

    assert (answer.status_code, answer["Location"]) == (303, path)
    assert state_of(order) is PageState.PAID
    assert client.get(f"{path}status.json").json()["next"] == path


def test_check_says_that_nothing_came_yet_or_that_nobody_answers(client, simulator):
    order = make_order()
    payment = start(order)
    path = f"{order_path(order)}cek/"

    assert "Belum ada pembayaran masuk" in text_of(client.post(path, follow=True))
    cache.clear()
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)
    simulator.fault("http_500", operation="core.status")
    assert "Status belum dapat dicek" in text_of(client.post(path, follow=True))


def test_impatient_clicks_share_one_question(client, simulator):
    order = make_order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)

    for _ in range(4):
        client.post(f"{order_path(order)}cek/")

    assert len(simulator.requests(operation="core.status")) <= 2


FINISH = "/pembayaran/selesai/"
CLAIM = {"status_code": "200", "transaction_status": "settlement"}


def test_a_finish_address_never_marks_an_order_paid(simulator):
    guest = visitor()
    order = guest.order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)

    answer = guest.get(FINISH, {"order_id": payment.gateway_id} | CLAIM, follow=True)

    assert state_of(order) is PageState.WAITING
    assert "Pembayaran sedang kami periksa" in text_of(answer)
    assert "Nomor virtual account" in text_of(answer)


def test_coming_back_after_paying_shows_it_at_once(simulator):
    guest = visitor()
    order = guest.order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)
    simulator.event(payment.gateway_id, "settle", deliver=False)

    answer = guest.get(FINISH, {"order_id": payment.gateway_id} | CLAIM, follow=True)

    assert state_of(order) is PageState.PAID
    assert "pembayaranmu sudah kami terima" in text_of(answer)


def test_without_an_answer_of_the_gateway_the_page_says_that_it_is_looked_at(simulator):
    guest = visitor()
    order = guest.order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)
    simulator.fault("http_500", operation="core.status")

    answer = guest.get(FINISH, {"order_id": payment.gateway_id}, follow=True)

    assert "Pembayaran sedang kami periksa" in text_of(answer)


def test_a_strangers_finish_address_tells_nothing_and_asks_nothing(client, simulator):
    payment = start(make_order())
    before = len(simulator.requests())

    for order_id in (payment.gateway_id, "unknown-id", "", "\x00", "../..", "a" * 9000):
        answer = client.get(FINISH, {"order_id": order_id} | CLAIM)
        assert answer.status_code == 200
        assert payment.gateway_id not in main_of(answer)
        assert "ORD-" not in main_of(answer)
    assert len(simulator.requests()) == before


def test_a_member_comes_back_to_his_own_order_without_having_opened_a_link(client, simulator):
    order = make_order()
    payment = start(order)
    client.force_login(order.user)

    answer = client.get(FINISH, {"order_id": payment.gateway_id})

    assert answer.status_code == 303
    assert answer["Location"].endswith("/bayar/")


def test_a_bank_that_comes_back_with_a_form_gets_the_same_page():
    browser = Client(enforce_csrf_checks=True)

    answer = browser.post(FINISH, {"order_id": "abc&x=1", "response": "{}"})

    assert (answer.status_code, answer["Location"]) == (303, f"{FINISH}?order_id=abc%26x%3D1")
