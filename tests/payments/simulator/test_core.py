"""GET status and the actions of Core: codes in the body, HTTP 200 around them."""

from __future__ import annotations

import pytest


@pytest.fixture
def act(post):
    def call(target, action, body=None):
        answer = post(f"/v2/{target}/{action}", body)
        assert answer.status_code == 200
        return answer.json()

    return call


def test_there_is_no_transaction_until_a_method_is_chosen(create, sim, status):
    create("ORDER-1")

    before = status("ORDER-1")
    sim.choose("ORDER-1")

    assert (before["status_code"], before["status_message"]) == ("404", "Transaction doesn't exist.")
    assert status("ORDER-1")["transaction_status"] == "pending"


def test_a_transaction_is_found_by_both_ids(create, sim, status):
    create("ORDER-1")
    transaction_id = sim.choose("ORDER-1")["transaction_id"]

    assert status("ORDER-1") == status(transaction_id)
    assert status("ORDER-1")["status_message"] == "Success, transaction is found"


def test_several_attempts_on_one_token_have_their_own_ids(create, sim, status, shop):
    create("ORDER-1")
    first = sim.event("ORDER-1", "deny", method="gopay")["transaction_id"]
    second = sim.event("ORDER-1", "deny", method="qris")["transaction_id"]
    third = sim.event("ORDER-1", "settle", method="bca_va")["transaction_id"]

    assert len({first, second, third}) == 3
    assert [status(each)["transaction_status"] for each in (first, second, third)] == ["deny", "deny", "settlement"]
    assert status("ORDER-1")["transaction_id"] == third
    assert shop.statuses() == ["pending", "deny", "pending", "deny", "pending", "settlement"]


@pytest.mark.parametrize("method", ["dana", "danamon_va", "bsi_va", "seabank_va", "saqu_va"])
def test_dana_and_bi_snap_are_known_by_transaction_id_only(create, sim, status, shop, method):
    create("ORDER-1")
    transaction_id = sim.choose("ORDER-1", method)["transaction_id"]

    body = status(transaction_id)

    assert status("ORDER-1")["status_code"] == "404"
    assert body["order_id"] == transaction_id
    assert body["transaction_status"] == ("PENDING" if method == "dana" else "pending")
    assert shop.bodies()[0]["order_id"] == "ORDER-1"


def test_b2b_status_lists_every_attempt(create, sim, post):
    create("ORDER-1")
    sim.event("ORDER-1", "deny", method="gopay")
    sim.choose("ORDER-1", "bca_va")

    body = post("/v2/ORDER-1/status/b2b", method="GET").json()

    assert [each["transaction_status"] for each in body["transactions"]] == ["deny", "pending"]


def test_cancel_says_200_and_its_webhook_202(create, sim, act, shop):
    create("ORDER-1")
    sim.choose("ORDER-1")

    body = act("ORDER-1", "cancel")
    shop.wait_for(2)

    assert (body["status_code"], body["transaction_status"]) == ("200", "cancel")
    assert body["status_message"] == "Success, transaction is canceled"
    assert (shop.bodies()[1]["transaction_status"], shop.bodies()[1]["status_code"]) == ("cancel", "202")


def test_expire_says_407_and_its_webhook_202(create, sim, act, shop):
    create("ORDER-1")
    sim.choose("ORDER-1")

    body = act("ORDER-1", "expire")
    shop.wait_for(2)

    assert (body["status_code"], body["transaction_status"]) == ("407", "expire")
    assert shop.bodies()[1]["status_code"] == "202"


@pytest.mark.parametrize(
    ("events", "method", "action"),
    [
        (["settle"], "bca_va", "cancel"),
        (["settle"], "bca_va", "expire"),
        (["expire"], "bca_va", "cancel"),
        (["cancel"], "bca_va", "expire"),
        (["capture", "settle"], "credit_card", "cancel"),
        (["deny"], "gopay", "cancel"),
        ([], "bca_va", "approve"),
        ([], "bca_va", "deny"),
        (["capture"], "credit_card", "approve"),
        (["capture"], "credit_card", "deny"),
        (["capture"], "credit_card", "expire"),
    ],
)
def test_what_cannot_be_changed_is_412(create, sim, act, status, events, method, action):
    create("ORDER-1")
    sim.choose("ORDER-1", method)
    for event in events:
        sim.event("ORDER-1", event)
    before = status("ORDER-1")["transaction_status"]

    body = act("ORDER-1", action)

    assert body["status_code"] == "412"
    assert body["id"]
    assert status("ORDER-1")["transaction_status"] == before


def test_a_captured_card_can_be_voided(create, sim, act):
    create("ORDER-1")
    sim.event("ORDER-1", "capture")

    assert act("ORDER-1", "cancel")["transaction_status"] == "cancel"


@pytest.mark.parametrize(
    ("action", "code", "became", "fraud"), [("approve", "200", "capture", "accept"), ("deny", "200", "deny", "deny")]
)
def test_a_challenged_card_is_approved_or_denied(create, sim, act, action, code, became, fraud):
    create("ORDER-1")
    sim.event("ORDER-1", "challenge")

    body = act("ORDER-1", action)

    assert (body["status_code"], body["transaction_status"], body["fraud_status"]) == (code, became, fraud)


def test_an_authorised_card_is_captured_whole_or_in_part(create, sim, post, status):
    for order_id, asked, taken in (("ORDER-1", {}, "150000.00"), ("ORDER-2", {"gross_amount": 90_000}, "90000.00")):
        create(order_id)
        transaction_id = sim.event(order_id, "authorize")["transaction_id"]

        body = post("/v2/capture", {"transaction_id": transaction_id, **asked}).json()

        assert (body["status_code"], body["transaction_status"], body["gross_amount"]) == ("200", "capture", taken)


@pytest.mark.parametrize("asked", [{"gross_amount": 150_001}, {"gross_amount": 0}, {"gross_amount": "1"}])
def test_more_than_was_authorised_cannot_be_captured(create, sim, post, asked):
    create("ORDER-1")
    transaction_id = sim.event("ORDER-1", "authorize")["transaction_id"]

    body = post("/v2/capture", {"transaction_id": transaction_id, **asked}).json()

    assert body["status_code"] == "400"
    assert body["validation_messages"]


@pytest.mark.parametrize("action", ["cancel", "expire", "approve", "deny", "refund", "refund/online/direct"])
def test_actions_on_unknown_ids_are_404(sim, act, action):
    assert act("nobody", action)["status_code"] == "404"


def test_broken_json_is_413_and_a_list_is_400(create, sim, post):
    create("ORDER-1")
    sim.event("ORDER-1", "settle", method="qris")

    assert post("/v2/ORDER-1/refund", data=b"{").json()["status_code"] == "413"
    assert post("/v2/ORDER-1/refund", data=b"[]").json()["status_code"] == "400"


@pytest.mark.parametrize("path", ["/v2/x/elsewhere", "/v2/", "/snap/v1/elsewhere"])
def test_unknown_paths_are_not_found(post, path):
    answer = post(path, method="GET")

    assert answer.json() in (
        {"error_messages": ["not found"]},
        {"status_code": "404", "status_message": "The requested resource is not found", "id": answer.json().get("id")},
    )
