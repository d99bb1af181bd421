"""POST /snap/v1/transactions and the cancelling of a token."""

from __future__ import annotations

import pytest
import requests

from tests.support.simulator import SimulatorError

ITEM = {"id": "SKU-1", "price": 50_000, "quantity": 3, "name": "Kemeja batik"}


def order(**changes):
    return {"transaction_details": {"order_id": "ORDER-1", "gross_amount": 150_000}, **changes}


def details(**changes):
    return {"transaction_details": {"order_id": "ORDER-1", "gross_amount": 150_000, **changes}}


def test_201_has_a_token_and_a_redirect_url_and_nothing_else(post):
    answer = post("/snap/v1/transactions", order(item_details=[ITEM]))

    assert answer.status_code == 201
    assert set(answer.json()) == {"token", "redirect_url"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "transaction_details.order_id is required"),
        (details(order_id=""), "transaction_details.order_id is required"),
        (details(order_id=17), "transaction_details.order_id is required"),
        (details(order_id="x" * 51), "transaction_details.order_id is too long (maximum 50 characters)"),
        (details(order_id="a/b"), "transaction_details.order_id contains characters that are not allowed"),
        (details(gross_amount=None), "transaction_details.gross_amount is required"),
        (details(gross_amount=0), "transaction_details.gross_amount must be greater than or equal to 1"),
        (details(gross_amount=-5), "transaction_details.gross_amount must be greater than or equal to 1"),
        (details(gross_amount=1.5), "transaction_details.gross_amount must be a whole number"),
        (details(gross_amount="150000"), "transaction_details.gross_amount must be a whole number"),
        (
            order(item_details=[{**ITEM, "quantity": 2}]),
            "transaction_details.gross_amount is not equal to the sum of item_details",
        ),
        (order(item_details=[{**ITEM, "price": 50_000.5}]), "item_details[0].price must be a whole number"),
        (order(item_details=[{**ITEM, "quantity": 0}]), "item_details[0].quantity must be greater than or equal to 1"),
        (order(item_details=[{**ITEM, "name": "x" * 51}]), "item_details[0].name is too long (maximum 50 characters)"),
        (order(item_details=[{**ITEM, "name": ""}]), "item_details[0].name is required"),
        (order(item_details=[{**ITEM, "id": "x" * 51}]), "item_details[0].id is too long (maximum 50 characters)"),
        (order(item_details={}), "item_details must be a list of objects"),
        (order(customer_details={"email": "nobody"}), "customer_details.email format is invalid"),
        (order(expiry={"unit": "week", "duration": 1}), "expiry.unit must be one of second, minute, hour, day"),
        (order(expiry={"unit": "hour", "duration": 0}), "expiry.duration must be a whole number from 1 to 100000"),
        (
            order(expiry={"unit": "hour", "duration": 1, "start_time": "2026-01-01T00:00:00Z"}),
            "expiry.start_time format is invalid, use yyyy-MM-dd HH:mm:ss Z",
        ),
        (
            order(expiry={"unit": "hour", "duration": 1, "start_time": "2020-01-01 00:00:00 +0700"}),
            "expiry.start_time plus duration must be in the future",
        ),
        (
            order(callbacks={"finish": "javascript:alert(1)"}),
            "callbacks.finish must be a URL of at most 255 characters",
        ),
        (order(custom_field2="x" * 256), "custom_field2 is too long (maximum 255 characters)"),
        (order(enabled_payments="gopay"), "enabled_payments must be a list of names"),
    ],
)
def test_wrong_requests_are_400_with_only_error_messages(post, sim, body, message):
    answer = post("/snap/v1/transactions", body)

    assert answer.status_code == 400
    assert set(answer.json()) == {"error_messages"}
    assert message in answer.json()["error_messages"]
    assert sim.transactions() == []


@pytest.mark.parametrize("raw", [b"", b"null", b"[]", b"{", b'"text"', b"[" * 9000, b'{"a":NaN}'])
def test_no_json_object_is_400(post, raw):
    assert post("/snap/v1/transactions", data=raw).status_code == 400


def test_a_body_above_16_kb_is_400(post):
    answer = post("/snap/v1/transactions", order(custom_field1="x" * 17_000))

    assert answer.json() == {"error_messages": ["request body is too large (maximum 16 kB)"]}


def test_discounts_are_items_with_a_negative_price(create):
    discount = {"id": "D", "price": -20_000, "quantity": 1, "name": "Diskon"}

    create(amount=130_000, item_details=[ITEM, discount])


@pytest.mark.parametrize("auth", [("SB-Mid-server-tests", "password"), ("SB-Mid-client-tests", ""), ("", ""), None])
def test_only_the_server_key_with_an_empty_password_is_let_in(post, sim, auth):
    answer = post("/snap/v1/transactions", order(), auth=auth)

    assert answer.status_code == 401
    assert answer.json()["error_messages"][0].startswith("Access denied due to unauthorized transaction")
    assert sim.requests()[0]["status"] == 401


# -- reuse of an order id ----------------------------------------------------------------------------------------


def test_creating_again_before_a_choice_kills_the_older_token(create, sim):
    first = create("ORDER-1")
    second = create("ORDER-1", amount=175_000)

    assert first["token"] != second["token"]
    assert requests.get(first["redirect_url"], timeout=5).status_code == 410
    assert requests.get(second["redirect_url"], timeout=5).status_code == 200
    assert sim.order("ORDER-1")["gross_amount"] == 175_000


def test_creating_again_while_pending_is_400(create, post, sim):
    create("ORDER-1")
    sim.choose("ORDER-1")

    answer = post("/snap/v1/transactions", order())

    assert (answer.status_code, answer.json()["error_messages"]) == (
        400,
        ["transaction_details.order_id sudah digunakan"],
    )


@pytest.mark.parametrize("events", [["settle"], ["capture"], ["settle", "chargeback"]])
def test_creating_again_after_payment_is_400(create, post, sim, events):
    create("ORDER-1")
    sim.choose("ORDER-1", "credit_card")
    for event in events:
        sim.event("ORDER-1", event)

    answer = post("/snap/v1/transactions", order())

    assert answer.status_code == 400
    assert "has been paid and utilized" in answer.json()["error_messages"][0]


@pytest.mark.parametrize("event", ["deny", "expire", "cancel"])
def test_creating_again_after_a_failure_depends_on_a_setting(create, post, sim, event):
    create("ORDER-1")
    sim.choose("ORDER-1", "gopay")
    sim.event("ORDER-1", event)

    refused = post("/snap/v1/transactions", order())
    sim.settings(reuse_order_id=True)
    allowed = post("/snap/v1/transactions", order())

    assert (refused.status_code, allowed.status_code) == (400, 201)


def test_a_token_that_died_unused_can_be_made_again(create, post, sim):
    first = create("ORDER-1")
    post(f"/snap/v1/transactions/{first['token']}/cancel")
    second = create("ORDER-1")
    sim.event("ORDER-1", "expire")
    third = create("ORDER-1")

    assert len({first["token"], second["token"], third["token"]}) == 3
    assert sim.order("ORDER-1")["page"]["state"] == "open"


# -- cancelling a token ------------------------------------------------------------------------------------------


def test_a_token_is_cancelled_once(create, post, sim):
    token = create("ORDER-1")["token"]

    first = post(f"/snap/v1/transactions/{token}/cancel")
    second = post(f"/snap/v1/transactions/{token}/cancel")

    assert first.status_code == 200
    assert first.json()["canceled_at"].endswith("Z")
    assert (second.status_code, second.json()) == (400, {"error_messages": ["token already canceled"]})
    assert sim.order("ORDER-1")["page"]["state"] == "cancelled"


def test_an_unknown_token_is_not_found(post):
    answer = post("/snap/v1/transactions/nobody/cancel")

    assert (answer.status_code, answer.json()) == (404, {"error_messages": ["token not found"]})


@pytest.mark.parametrize("events", [[], ["settle"]])
def test_a_token_in_use_cannot_be_cancelled(create, post, sim, events):
    token = create("ORDER-1")["token"]
    sim.choose("ORDER-1")
    for event in events:
        sim.event("ORDER-1", event)

    answer = post(f"/snap/v1/transactions/{token}/cancel")

    assert (answer.status_code, answer.json()) == (400, {"error_messages": ["Transaction is on progress"]})


def test_after_the_transaction_is_cancelled_the_token_can_be_too(create, post, sim):
    token = create("ORDER-1")["token"]
    sim.choose("ORDER-1")

    post("/v2/ORDER-1/cancel")
    answer = post(f"/snap/v1/transactions/{token}/cancel")

    assert answer.status_code == 200


def test_nothing_can_be_chosen_on_a_cancelled_token(create, post, sim):
    token = create("ORDER-1")["token"]
    post(f"/snap/v1/transactions/{token}/cancel")

    with pytest.raises(SimulatorError, match="cancelled") as refused:
        sim.choose("ORDER-1")

    assert refused.value.status == 409
