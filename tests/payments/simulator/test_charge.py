"""Core charge: transactions without a Snap page."""

from __future__ import annotations

import pytest
import requests

PAGES = {
    "bca": {"payment_type": "bank_transfer", "bank_transfer": {"bank": "bca"}},
    "permata": {"payment_type": "bank_transfer", "bank_transfer": {"bank": "permata"}},
    "mandiri": {"payment_type": "echannel", "echannel": {}},
    "indomaret": {"payment_type": "cstore", "cstore": {"store": "indomaret"}},
    "gopay": {"payment_type": "gopay"},
    "qris": {"payment_type": "qris"},
}


@pytest.fixture
def charge(post):
    def call(body, order_id="ORDER-1", **keywords):
        details = {"transaction_details": {"order_id": order_id, "gross_amount": 150_000}}
        return post("/v2/charge", {**details, **body}, **keywords).json()

    return call


@pytest.fixture
def card_token(sim):
    def call(number, client_key=None):
        query = {"client_key": client_key or sim.client_key, "card_number": number, "card_cvv": "123"}
        return requests.get(f"{sim.base_url}/v2/token", params=query, timeout=5).json()

    return call


@pytest.mark.parametrize("name", PAGES)
def test_a_charge_is_pending_at_once(charge, status, shop, name):
    body = charge(PAGES[name])
    shop.wait_for(1)

    assert (body["status_code"], body["transaction_status"]) == ("201", "pending")
    assert status("ORDER-1")["transaction_id"] == body["transaction_id"]
    assert shop.statuses() == ["pending"]


@pytest.mark.parametrize(
    ("number", "code", "became", "fraud"),
    [
        ("4811111111111114", "200", "capture", "accept"),
        ("4911111111111113", "202", "deny", "accept"),
        ("4511111111111117", "201", "capture", "challenge"),
        ("4611111111111116", "202", "deny", "deny"),
    ],
)
def test_a_card_is_decided_at_once(charge, card_token, number, code, became, fraud):
    token = card_token(number)["token_id"]

    body = charge({"payment_type": "credit_card", "credit_card": {"token_id": token}})

    assert (body["status_code"], body["transaction_status"], body["fraud_status"]) == (code, became, fraud)


def test_a_card_token_is_used_once(charge, card_token):
    card = {"payment_type": "credit_card", "credit_card": {"token_id": card_token("4811 1111 1111 1114")["token_id"]}}

    assert charge(card)["status_code"] == "200"
    assert charge(card, "ORDER-2")["status_code"] == "411"


def test_a_card_token_needs_the_client_key_and_a_number(card_token, sim):
    assert card_token("4811111111111114", client_key="wrong")["status_code"] == "401"
    assert card_token("12x")["status_code"] == "400"
    assert "4811111111111114" not in str(sim.requests())


def test_an_order_id_is_charged_once(charge):
    charge(PAGES["bca"])

    assert charge(PAGES["qris"])["status_code"] == "406"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "400"),
        ({"payment_type": "cash"}, "402"),
        ({"payment_type": "bank_transfer", "bank_transfer": {"bank": "none"}}, "402"),
        ({"payment_type": "gopay", "transaction_details": {}}, "400"),
        ({"payment_type": "gopay", "transaction_details": {"order_id": "X", "gross_amount": 0}}, "400"),
        ({"payment_type": "gopay", "transaction_details": {"order_id": "X" * 51, "gross_amount": 1}}, "400"),
        ({"payment_type": "gopay", "transaction_details": {"order_id": "X", "gross_amount": "1"}}, "400"),
        ({"payment_type": "credit_card", "credit_card": {"token_id": "none"}}, "411"),
    ],
)
def test_wrong_charges(charge, sim, body, code):
    assert charge(body)["status_code"] == code
    assert sim.transactions() == []


def test_a_repeat_with_the_same_key_is_the_same_charge(charge):
    headers = {"Idempotency-Key": "key-1"}

    assert charge(PAGES["bca"], headers=headers) == charge(PAGES["bca"], headers=headers)
