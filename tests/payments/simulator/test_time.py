"""Deadlines, the clock, and what the gateway does by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.support.simulator import SimulatorError

MINUTE, HOUR, DAY = 60, 3600, 86400
WIB = timezone(timedelta(hours=7))


def seconds_until(text):
    return (datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=WIB) - datetime.now(UTC)).total_seconds()


def start_time(seconds_ago=0):
    return (datetime.now(WIB) - timedelta(seconds=seconds_ago)).strftime("%Y-%m-%d %H:%M:%S %z")


@pytest.mark.parametrize(
    ("method", "lifetime"),
    [
        ("bca_va", DAY),
        ("echannel", DAY),
        ("indomaret", DAY),
        ("gopay", 15 * MINUTE),
        ("qris", 15 * MINUTE),
        ("credit_card", 15 * MINUTE),
    ],
)
def test_each_method_has_its_own_lifetime(create, sim, status, shop, method, lifetime):
    create("ORDER-1")
    transaction_id = sim.choose("ORDER-1", method)["transaction_id"]

    sim.advance(lifetime - 5)
    before = status(transaction_id)["transaction_status"]
    sim.advance(10)

    assert before == "pending"
    assert (status(transaction_id)["transaction_status"], status(transaction_id)["status_code"]) == ("expire", "407")
    assert shop.statuses() == ["pending", "expire"]
    assert shop.bodies()[1]["status_code"] == "202"


def test_a_page_that_nobody_used_ends_in_silence(create, sim, shop, status):
    create("ORDER-1")

    sim.advance(DAY + 1)

    assert sim.order("ORDER-1")["page"]["state"] == "expired"
    assert status("ORDER-1")["status_code"] == "404"
    assert shop.received == []
    with pytest.raises(SimulatorError, match="expired"):
        sim.choose("ORDER-1")


def test_the_event_expire_on_an_unused_page_is_silent_too(create, sim, shop):
    create("ORDER-1")

    assert sim.event("ORDER-1", "expire")["transaction_status"] is None
    assert sim.order("ORDER-1")["page"]["state"] == "expired"
    assert shop.received == []


def test_an_expiry_with_a_start_binds_page_and_method(create, sim):
    create("ORDER-1", expiry={"start_time": start_time(seconds_ago=10 * MINUTE), "unit": "minutes", "duration": 30})
    sim.advance(5 * MINUTE)

    transaction = sim.choose("ORDER-1")

    assert seconds_until(transaction["expiry_time"]) == pytest.approx(20 * MINUTE, abs=5)
    sim.advance(15 * MINUTE + 2)
    assert sim.order("ORDER-1")["page"]["state"] == "expired"
    assert sim.transactions("ORDER-1")[0]["transaction_status"] == "expire"


def test_an_expiry_without_a_start_counts_from_the_choice(create, sim):
    create("ORDER-1", expiry={"unit": "hour", "duration": 2})
    sim.advance(5 * HOUR)

    transaction = sim.choose("ORDER-1")

    assert seconds_until(transaction["expiry_time"]) == pytest.approx(7 * HOUR, abs=5)


def test_a_number_outlives_its_page(create, sim):
    create("ORDER-1", page_expiry={"unit": "minute", "duration": 10})
    sim.choose("ORDER-1")
    sim.advance(HOUR)

    assert sim.order("ORDER-1")["page"]["state"] == "expired"
    assert sim.event("ORDER-1", "settle")["transaction_status"] == "settlement"


def test_page_expiry_outranks_expiry_for_the_page(create, sim):
    create(
        "ORDER-1",
        expiry={"start_time": start_time(), "unit": "hour", "duration": 3},
        page_expiry={"unit": "minute", "duration": 10},
    )
    sim.advance(11 * MINUTE)

    assert sim.order("ORDER-1")["page"]["state"] == "expired"


def test_a_token_lives_seven_days_at_most(create, sim):
    create("ORDER-1", page_expiry={"unit": "day", "duration": 30})
    sim.advance(7 * DAY - 10)
    before = sim.order("ORDER-1")["page"]["state"]
    sim.advance(20)

    assert (before, sim.order("ORDER-1")["page"]["state"]) == ("open", "expired")


def test_a_captured_card_settles_by_itself(create, sim, shop):
    create("ORDER-1")
    sim.event("ORDER-1", "capture")

    sim.advance(DAY + 1)

    assert shop.statuses() == ["pending", "capture", "settlement"]
    assert shop.bodies()[1]["signature_key"] == shop.bodies()[2]["signature_key"]


def test_a_challenge_nobody_answers_is_cancelled(create, sim, shop):
    create("ORDER-1")
    sim.event("ORDER-1", "challenge")

    sim.advance(DAY + 1)

    assert shop.statuses() == ["pending", "capture", "cancel"]


def test_an_approved_challenge_is_not_cancelled(create, sim, shop):
    create("ORDER-1")
    sim.event("ORDER-1", "challenge")
    sim.event("ORDER-1", "approve")

    sim.advance(2 * DAY)

    assert shop.statuses() == ["pending", "capture", "capture", "settlement"]


def test_the_time_scale_shortens_the_gateways_own_waits_only(create, sim, shop):
    sim.set_time_scale(DAY * 10)
    create("ORDER-1")
    create("ORDER-2")
    sim.choose("ORDER-2")

    sim.event("ORDER-1", "capture")
    shop.wait_for(4)

    assert [body["transaction_status"] for body in shop.bodies() if body["order_id"] == "ORDER-1"][-1] == "settlement"
    assert sim.transactions("ORDER-2")[0]["transaction_status"] == "pending"
