"""Paying by card on the pay page: test numbers, 3DS, and what happens when it is left half-way."""

from __future__ import annotations

import pytest

from tests.payments.simulator.browser import query_of
from tests.payments.simulator.receiver import wait_until

ACCEPT, BANK_DENY, CHALLENGE, FDS_DENY = (
    "4811 1111 1111 1114",
    "4911111111111113",
    "4511111111111117",
    "4611111111111116",
)


@pytest.fixture
def card(visit):
    def call(number, *, secure=True, **request):
        customer = visit(credit_card={"secure": secure, **request.pop("credit_card", {})}, **request)
        customer.follow("Kartu kredit/debit")
        customer.press("Bayar Rp", number=number, expiry="12/39", cvv="123")
        return customer

    return call


def test_the_card_form_lists_the_test_cards(visit):
    customer = visit()
    customer.follow("Kartu kredit/debit")

    for number in (ACCEPT, "4911 1111 1111 1113", "4511 1111 1111 1117", "4611 1111 1111 1116"):
        assert number in customer.text


def test_a_good_card_with_the_right_code_is_captured(card, sim, shop):
    customer = card(ACCEPT)
    before = sim.transactions("ORDER-1")[0]["transaction_status"]
    customer.press("Konfirmasi", code="112233")

    assert before == "pending"
    assert sim.transactions("ORDER-1")[0]["transaction_status"] == "capture"
    assert query_of(customer.left_to)["transaction_status"] == "capture"
    shop.wait_for(2)
    assert [(body["transaction_status"], body["status_code"]) for body in shop.bodies()] == [
        ("pending", "201"),
        ("capture", "200"),
    ]


@pytest.mark.parametrize(("number", "fraud"), [(BANK_DENY, "accept"), (FDS_DENY, "deny")])
def test_a_bad_card_is_denied_and_another_may_be_tried(card, sim, number, fraud):
    customer = card(number)
    customer.press("Konfirmasi", code="112233")
    assert "ditolak" in customer.text
    [first] = sim.transactions("ORDER-1")

    customer.follow("Kartu kredit/debit")
    customer.press("Bayar Rp", number=ACCEPT, expiry="12/39", cvv="123")
    customer.press("Konfirmasi", code="112233")

    assert (first["transaction_status"], first["fraud_status"]) == ("deny", fraud)
    assert [each["transaction_status"] for each in sim.transactions("ORDER-1")] == ["deny", "capture"]


def test_a_suspect_card_is_challenged(card, sim):
    customer = card(CHALLENGE)
    customer.press("Konfirmasi", code="112233")

    [transaction] = sim.transactions("ORDER-1")
    assert (transaction["transaction_status"], transaction["fraud_status"]) == ("capture", "challenge")
    assert query_of(customer.left_to)["status_code"] == "201"


def test_without_secure_there_is_no_code(card, sim, shop):
    customer = card(ACCEPT, secure=False)
    shop.wait_for(1)

    assert query_of(customer.left_to)["transaction_status"] == "capture"
    assert shop.statuses() == ["capture"]


def test_a_card_may_only_be_authorised(card, sim):
    card(ACCEPT, secure=False, credit_card={"type": "authorize"})

    assert sim.transactions("ORDER-1")[0]["transaction_status"] == "authorize"


def test_three_wrong_codes_are_a_refusal(card, sim):
    customer = card(ACCEPT)
    for _ in range(2):
        customer.press("Konfirmasi", code="000000")
        assert customer.status == 422
        assert "Kode salah" in customer.text
    customer.press("Konfirmasi", code="000000")

    assert sim.transactions("ORDER-1")[0]["transaction_status"] == "deny"


def test_an_abandoned_code_expires_while_the_page_lives_on(card, sim, shop, create):
    customer = card(ACCEPT)
    customer.press("tinggalkan")
    assert "Pilih cara bayar" in customer.text
    assert sim.transactions("ORDER-1")[0]["transaction_status"] == "pending"

    sim.advance(16 * 60)
    customer.open(customer.url)
    customer.press("BCA")
    customer.press("Saya sudah bayar")

    assert [each["transaction_status"] for each in sim.transactions("ORDER-1")] == ["expire", "settlement"]
    wait_until(lambda: len(shop.received) == 4)
    assert shop.statuses() == ["pending", "expire", "pending", "settlement"]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"number": "4111 1111 1111 1111"}, "hanya menerima kartu uji"),
        ({"expiry": "01/20"}, "Masa berlaku"),
        ({"expiry": "13/39"}, "Masa berlaku"),
        ({"cvv": "12"}, "CVV"),
    ],
)
def test_a_mistyped_card_can_be_corrected(visit, sim, typed, words):
    customer = visit()
    customer.follow("Kartu kredit/debit")
    customer.press("Bayar Rp", **{"number": ACCEPT, "expiry": "12/39", "cvv": "123", **typed})

    assert customer.status == 422
    assert words in customer.text
    assert sim.transactions("ORDER-1") == []
    for value in typed.values():
        assert f'value="{value}"' in customer.source
