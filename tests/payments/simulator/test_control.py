"""The control API: what it shows, what it refuses, what it forgets."""

from __future__ import annotations

import pytest
import requests

from tests.support.simulator import SimulatorError

EVERYTHING = {
    "bca_va": {"settle", "deny", "expire", "cancel", "failure"},
    "credit_card": {"settle", "deny", "expire", "cancel", "failure", "capture", "authorize", "challenge"},
}


def test_the_log_shows_every_call_but_no_secret(create, sim, post, status):
    create("ORDER-1")
    sim.choose("ORDER-1")
    status("ORDER-1")
    status("nobody")
    post("/v2/ORDER-1/cancel")

    calls = sim.requests()

    assert [(call["method"], call["operation"], call["order_id"], call["status"], call["code"]) for call in calls] == [
        ("POST", "snap.create", "ORDER-1", 201, None),
        ("GET", "core.status", "ORDER-1", 200, "201"),
        ("GET", "core.status", "nobody", 200, "404"),
        ("POST", "core.cancel", "ORDER-1", 200, "200"),
    ]
    assert calls[0]["body"]["transaction_details"]["gross_amount"] == 150_000
    assert calls[0]["path"] == "/snap/v1/transactions"
    assert calls[0]["at"] <= calls[1]["at"]
    assert "Basic" not in str(calls)
    assert sim.server_key not in str(calls)


def test_logs_can_be_filtered(create, sim, status):
    create("ORDER-1")
    create("ORDER-2")
    sim.choose("ORDER-2")
    status("ORDER-2")

    assert len(sim.requests(order_id="ORDER-2")) == 2
    assert len(sim.requests(operation="core.status")) == 1
    assert len(sim.deliveries(order_id="ORDER-1")) == 0
    assert len(sim.deliveries(order_id="ORDER-2", state="delivered")) == 1


def test_a_call_is_logged_with_the_order_behind_its_transaction_id(create, sim, status):
    create("ORDER-1")
    transaction_id = sim.choose("ORDER-1")["transaction_id"]
    status(transaction_id)

    assert sim.requests(operation="core.status")[0]["order_id"] == "ORDER-1"


def test_transactions_are_listed_with_their_page(create, sim):
    token = create("ORDER-1")["token"]
    create("ORDER-2")
    sim.event("ORDER-1", "settle")

    order = sim.order("ORDER-1")

    assert order["page"]["token"] == token
    assert [entry["status"] for entry in order["transactions"][0]["history"]] == ["pending", "settlement"]
    assert len(sim.transactions()) == 1
    assert {each["order_id"] for each in sim.control("GET", "transactions")["orders"]} == {"ORDER-1", "ORDER-2"}


def test_choosing_returns_the_pending_transaction(create, sim, shop):
    create("ORDER-1")

    transaction = sim.choose("ORDER-1", "bni_va", deliver=False)

    assert transaction["transaction_status"] == "pending"
    assert transaction["va_numbers"][0]["bank"] == "bni"
    assert transaction["deliveries"] == []
    assert shop.received == []


def test_an_event_returns_when_the_shop_has_answered(create, sim, shop):
    create("ORDER-1")

    happened = sim.event("ORDER-1", "settle")

    states = {delivery["id"]: delivery["state"] for delivery in sim.deliveries()}
    assert [states[number] for number in happened["deliveries"]] == ["delivered", "delivered"]
    assert shop.statuses() == ["pending", "settlement"]


@pytest.mark.parametrize("method", EVERYTHING)
@pytest.mark.parametrize(
    "event", [*sorted(EVERYTHING["credit_card"]), "approve", "reverse", "refund", "confirm_refund", "chargeback"]
)
def test_only_what_could_happen_to_a_pending_payment_may(create, sim, method, event):
    create("ORDER-1")
    sim.choose("ORDER-1", method)

    if event in EVERYTHING[method]:
        sim.event("ORDER-1", event)
    else:
        with pytest.raises(SimulatorError, match="cannot happen") as caught:
            sim.event("ORDER-1", event)
        assert caught.value.status == 409


@pytest.mark.parametrize("final", ["deny", "cancel", "expire", "failure"])
def test_final_states_are_final_unless_forced(create, sim, final):
    create("ORDER-1")
    sim.choose("ORDER-1", "gopay")
    sim.event("ORDER-1", final)

    with pytest.raises(SimulatorError, match="cannot happen"):
        sim.event("ORDER-1", "settle")

    assert sim.event("ORDER-1", "settle", force=True)["transaction_status"] == "settlement"


def test_a_settlement_can_be_reversed(create, sim, shop, status):
    create("ORDER-1")
    sim.event("ORDER-1", "settle", method="permata_va")
    sim.event("ORDER-1", "reverse")

    assert status("ORDER-1")["transaction_status"] == "deny"
    assert shop.statuses() == ["pending", "settlement", "deny"]


def test_a_second_choice_needs_force(create, sim):
    create("ORDER-1")
    sim.choose("ORDER-1")

    with pytest.raises(SimulatorError, match="is pending") as caught:
        sim.choose("ORDER-1", "qris")

    assert caught.value.status == 409


def test_two_attempts_of_one_order_can_be_forced_to_settle(create, sim, status, shop):
    create("ORDER-1")
    first = sim.choose("ORDER-1", "bca_va")["transaction_id"]
    second = sim.choose("ORDER-1", "qris", force=True)["transaction_id"]

    sim.event("ORDER-1", "settle", transaction_id=first)
    sim.event("ORDER-1", "settle", transaction_id=second)

    assert [status(each)["transaction_status"] for each in (first, second)] == ["settlement"] * 2
    assert [body["transaction_id"] for body in shop.bodies()[2:]] == [first, second]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("transactions/nobody/choose", {}, 404),
        ("transactions/nobody/event", {"event": "settle"}, 404),
        ("transactions/nobody/event", {"event": "expire"}, 404),
        ("transactions/ORDER-1/choose", {"method": "cash"}, 400),
        ("transactions/ORDER-1/choose", {"deliver": 1}, 400),
        ("transactions/ORDER-1/choose", {"fee": -1}, 400),
        ("transactions/ORDER-1/event", {"event": "vanish"}, 400),
        ("transactions/ORDER-1/event", {}, 400),
        ("transactions/ORDER-1/event", {"event": "settle", "amount": 1.5}, 400),
        ("transactions/ORDER-1/event", {"event": "settle", "transaction_id": "x"}, 404),
        ("deliveries/999/resend", {}, 404),
        ("deliveries/x/resend", {}, 404),
        ("faults/f0/release", {}, 404),
        ("clock", {"advance": -1}, 400),
        ("clock", {"time_scale": 0}, 400),
        ("settings", {"server_keys": "x"}, 400),
        ("settings", {"notification_url": "ftp://x/"}, 400),
        ("notifications", {"fields": []}, 400),
        ("elsewhere", {}, 404),
        ("reset/more", {}, 404),
        ("health", {}, 404),
    ],
)
def test_wrong_control_calls_are_refused_in_words(create, sim, path, body, status):
    create("ORDER-1")

    answer = requests.post(f"{sim.base_url}/_control/{path}", json=body, timeout=5)

    assert answer.status_code == status
    assert answer.json()["error"]


@pytest.mark.parametrize("raw", [b"{", b"[]", b'"x"'])
def test_a_control_call_needs_a_json_object(sim, raw):
    assert requests.post(f"{sim.base_url}/_control/faults", data=raw, timeout=5).status_code == 400


def test_a_page_of_another_site_cannot_drive_it(sim):
    answer = requests.post(f"{sim.base_url}/_control/reset", headers={"Origin": "https://elsewhere.example"}, timeout=5)

    assert answer.status_code == 403


def test_one_method_must_be_among_enabled_payments(create, sim):
    create("ORDER-1", enabled_payments=["bank_transfer", "other_qris"])

    with pytest.raises(SimulatorError, match="not among enabled_payments"):
        sim.choose("ORDER-1", "gopay")
    assert sim.choose("ORDER-1", "qris")["payment_type"] == "qris"


def test_an_odd_order_id_can_be_driven(create, sim):
    create("A b~1.x_-")

    assert sim.choose("A b~1.x_-")["order_id"] == "A b~1.x_-"


def test_health_says_that_it_is_there(create, sim):
    create("ORDER-1")

    assert sim.control("GET", "health")["status"] == "ok"
    assert sim.control("GET", "health")["pages"] == 1


def test_reset_forgets_everything_but_the_settings(create, sim, shop, status):
    create("ORDER-1")
    sim.event("ORDER-1", "settle")
    sim.fault("http_500")
    sim.advance(100)

    sim.reset()

    assert status("ORDER-1")["status_code"] == "404"
    assert sim.transactions() == []
    assert sim.deliveries() == []
    assert len(sim.requests()) == 1
    assert sim.control("GET", "clock")["offset"] == 0
    assert sim.settings()["notification_url"] == shop.url


def test_settings_change_while_it_runs(create, sim, shop):
    sim.set_notification_url(f"{shop.origin}/elsewhere")
    create("ORDER-1")
    sim.choose("ORDER-1")

    assert [received.path for received in shop.received] == ["/elsewhere"]


def test_without_a_notification_url_nothing_is_sent(create, sim, shop):
    sim.set_notification_url("")
    create("ORDER-1")

    assert sim.choose("ORDER-1")["deliveries"] == []
    assert shop.received == []
