"""What can be made to go wrong with webhooks, whatever the transaction really is."""

from __future__ import annotations

import threading

import pytest

from payments.simulator.signature import signature_key


@pytest.fixture
def settle(sim, create):
    """Add webhook faults, then pay ORDER-1 with one webhook."""

    def call(name, **params):
        sim.fault(name, **params)
        create("ORDER-1")
        sim.choose("ORDER-1", params.pop("method", "gopay"), deliver=False)
        return sim.event("ORDER-1", "settle")

    return call


def signed_by(body, key):
    return body["signature_key"] == signature_key(body["order_id"], body["status_code"], body["gross_amount"], key)


def test_dropped(settle, sim, shop, status):
    settle("webhook_dropped")

    assert shop.received == []
    assert [delivery["state"] for delivery in sim.deliveries()] == ["dropped"]
    assert status("ORDER-1")["transaction_status"] == "settlement"


def test_a_dropped_one_can_be_resent(settle, sim, shop):
    settle("webhook_dropped")

    sim.resend(sim.deliveries()[0]["id"])

    assert shop.statuses() == ["settlement"]


def test_duplicated(settle, shop):
    settle("webhook_duplicated", copies=3)

    assert len(shop.received) == 3
    assert len({received.raw for received in shop.received}) == 1


def test_duplicated_at_the_same_time(settle, shop):
    together = threading.Barrier(3)
    arrived = []

    def meet_the_others(_):
        arrived.append(together.wait(4))  # before the simulator gives up at five seconds

    shop.before_answer = meet_the_others
    settle("webhook_concurrent", copies=3)

    assert sorted(arrived) == [0, 1, 2]


def test_delayed_until_the_clock_says_so(settle, sim, shop):
    settle("webhook_delayed", seconds=3600, count=1)
    assert shop.received == []

    sim.advance(3600)

    assert shop.statuses() == ["settlement"]


def test_settlement_before_pending(sim, create, shop):
    sim.fault("webhook_reordered", status="pending")
    create("ORDER-1")

    sim.choose("ORDER-1")
    sim.event("ORDER-1", "settle")
    shop.wait_for(2)

    assert shop.statuses() == ["settlement", "pending"]


def test_a_wrong_signature(settle, shop, sim):
    settle("webhook_wrong_signature")

    assert not signed_by(shop.bodies()[0], sim.server_key)


def test_the_signature_of_another_key(settle, shop, sim):
    settle("webhook_other_key", key="SB-Mid-server-elsewhere")

    assert signed_by(shop.bodies()[0], "SB-Mid-server-elsewhere")


def test_an_expiry_that_claims_to_be_a_settlement(sim, create, shop, status):
    sim.fault("webhook_tampered", status="expire", becomes="settlement")
    create("ORDER-1")
    sim.choose("ORDER-1", deliver=False)

    sim.event("ORDER-1", "expire")
    [body] = shop.bodies()

    assert (body["transaction_status"], body["status_code"]) == ("settlement", "202")
    assert signed_by(body, sim.server_key)
    assert status("ORDER-1")["transaction_status"] == "expire"


def test_another_amount_with_a_valid_signature(settle, shop, sim, status):
    settle("webhook_amount", amount="1000.00")
    [body] = shop.bodies()

    assert body["gross_amount"] == "1000.00"
    assert signed_by(body, sim.server_key)
    assert status("ORDER-1")["gross_amount"] == "150000.00"


def test_an_amount_without_decimals(settle, shop, sim):
    settle("webhook_no_decimals")
    [body] = shop.bodies()

    assert body["gross_amount"] == "150000"
    assert signed_by(body, sim.server_key)


def test_no_fraud_status(settle, shop):
    settle("webhook_missing_fraud")

    assert "fraud_status" not in shop.bodies()[0]


def test_an_unknown_status(settle, shop):
    settle("webhook_unknown_status")

    assert shop.statuses() == ["sleeping"]


def test_an_upper_case_status(settle, shop):
    settle("webhook_uppercase")

    assert shop.statuses() == ["SETTLEMENT"]


def test_any_other_edit_signed_or_not(settle, shop, sim):
    sim.fault(
        "webhook_edited", fields={"currency": "USD", "gross_amount": "9.00"}, remove=["merchant_id"], signed=False
    )
    settle("latency", seconds=0)
    [body] = shop.bodies()

    assert (body["currency"], body["gross_amount"]) == ("USD", "9.00")
    assert "merchant_id" not in body
    assert not signed_by(body, sim.server_key)


@pytest.mark.parametrize(
    ("shape", "check"),
    [
        ("array", lambda raw: raw.startswith(b"[")),
        ("empty", lambda raw: raw == b""),
        ("invalid", lambda raw: raw.startswith(b"{") and not raw.endswith(b"}")),
        ("non_utf8", lambda raw: b"\xff\xfe" in raw),
        ("huge", lambda raw: len(raw) > 1_000_000),
    ],
)
def test_bodies_that_are_no_bodies(settle, shop, shape, check):
    settle("webhook_body", shape=shape)

    assert check(shop.received[0].raw)


def test_faults_match_orders_by_pattern_and_end(sim, create, shop):
    sim.fault("webhook_dropped", order_id="LOST-*", count=1)
    for order_id in ("LOST-1", "LOST-2", "KEPT-1"):
        create(order_id)
        sim.choose(order_id)

    assert [body["order_id"] for body in shop.bodies()] == ["LOST-2", "KEPT-1"]
