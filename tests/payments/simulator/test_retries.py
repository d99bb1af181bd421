"""The retry table of docs/https-notification-webhooks, counted at a real receiver."""

from __future__ import annotations

import time

import pytest

from payments.simulator.deliveries import INTERVALS, JITTER
from tests.payments.simulator.receiver import Answer, wait_until

FAST = 200_000.0  # the longest interval takes 80 ms


@pytest.fixture
def deliver(sim, shop, create):
    """Send one webhook to a shop that answers so, and return its log entry when nothing more is due."""

    def call(answer):
        shop.answer = answer
        create("ORDER-1")
        sim.set_time_scale(FAST)
        sim.choose("ORDER-1", wait=False)
        wait_until(lambda: sim.deliveries()[0]["state"] in {"delivered", "failed"}, 15)
        return sim.deliveries()[0]

    return call


@pytest.mark.parametrize(
    ("status", "retries"),
    [
        (200, 0),
        (204, 0),
        (500, 1),
        (503, 4),
        (400, 2),
        (404, 2),
        (301, 0),
        (302, 0),
        (303, 0),
        (403, 5),
        (418, 5),
        (502, 5),
    ],
)
def test_each_answer_gets_its_retries(deliver, shop, status, retries):
    delivery = deliver(Answer(status, location="/elsewhere" if status < 400 else ""))

    assert len(shop.received) == 1 + retries
    assert [attempt["status"] for attempt in delivery["attempts"]] == [status] * (1 + retries)
    assert delivery["state"] == ("delivered" if status < 300 else "failed")


def test_a_timeout_gets_five_retries(deliver, sim, shop):
    sim.settings(webhook_timeout=0.15)

    delivery = deliver(Answer(200, delay=0.5))

    assert len(delivery["attempts"]) == 6
    assert {attempt["error"] for attempt in delivery["attempts"]} == {"ReadTimeout"}


def test_no_connection_gets_five_retries(deliver, sim):
    sim.set_notification_url("http://127.0.0.1:1/nobody")

    delivery = deliver(Answer())

    assert [attempt["status"] for attempt in delivery["attempts"]] == [None] * 6


@pytest.mark.parametrize("status", [307, 308])
def test_temporary_and_permanent_redirects_are_posted_again(deliver, shop, status):
    shop.answers = {"/moved": Answer(200)}

    delivery = deliver(Answer(status, location="/moved"))

    assert [received.path for received in shop.received] == ["/notification", "/moved"]
    assert shop.received[0].raw == shop.received[1].raw
    assert (delivery["state"], len(delivery["attempts"])) == ("delivered", 1)


def test_at_most_five_redirects_are_followed(sim, shop, create):
    shop.answer = Answer(307, location="/again")
    create("ORDER-1")

    sim.choose("ORDER-1")

    assert len(shop.received) == 6
    assert sim.deliveries()[0]["state"] == "retrying"


def test_a_retry_after_a_better_answer_ends(sim, shop, create):
    shop.answer = Answer(503)
    create("ORDER-1")
    sim.choose("ORDER-1")
    shop.answer = Answer(200)

    sim.advance(INTERVALS[0] * JITTER[1])
    wait_until(lambda: sim.deliveries()[0]["state"] == "delivered")

    assert [attempt["status"] for attempt in sim.deliveries()[0]["attempts"]] == [503, 200]


def test_intervals_are_jittered_around_the_table(sim, shop, create):
    shop.answer = Answer(503)
    create("ORDER-1")
    before = sim.control("GET", "clock")["now"]
    sim.choose("ORDER-1")

    [delivery] = sim.deliveries()

    assert before < delivery["next_attempt_at"]
    sim.advance(INTERVALS[0] * JITTER[0] * 0.9)
    time.sleep(0.05)
    assert len(shop.received) == 1, "too early"
    sim.advance(INTERVALS[0] * (JITTER[1] - JITTER[0]) + 5)
    shop.wait_for(2)


def test_nothing_is_sent_after_a_reset(sim, shop, create):
    shop.answer = Answer(503)
    create("ORDER-1")
    sim.choose("ORDER-1")

    sim.reset()
    sim.advance(10 * 3600)
    time.sleep(0.1)

    assert len(shop.received) == 1
    assert sim.deliveries() == []
