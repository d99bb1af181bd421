"""The fault ``hold``: calls wait at a barrier until a test lets them go."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.payments.simulator.receiver import wait_until
from tests.support.simulator import SimulatorError

STATUS = "/v2/ORDER-1/status"


@pytest.fixture
def paid(create, sim):
    create("ORDER-1")
    return sim.event("ORDER-1", "settle", method="qris")


@pytest.fixture
def get(post):
    return lambda: post(STATUS, method="GET")


@pytest.fixture
def pool():
    with ThreadPoolExecutor(8) as executor:
        yield executor


def test_a_barrier_holds_calls_until_it_is_released(paid, sim, get, pool):
    fault = sim.fault("hold", operation="core.status", order_id="ORDER-*")
    calls = [pool.submit(get) for _ in range(4)]

    sim.wait_held(fault, 4)
    held = [call.done() for call in calls]
    sim.release(fault)

    assert held == [False] * 4
    assert [call.result(5).status_code for call in calls] == [200] * 4
    assert get().status_code == 200, "a released barrier is over"


def test_a_barrier_can_let_one_call_through(paid, sim, get, pool):
    fault = sim.fault("hold", operation="core.status")
    calls = [pool.submit(get) for _ in range(2)]
    sim.wait_held(fault, 2)

    sim.release(fault, 1)
    wait_until(lambda: sum(call.done() for call in calls) == 1)

    assert sim.faults(fault)["waiting"] == 1
    sim.release(fault)
    assert all(call.result(5) for call in calls)


def test_a_barrier_before_sees_what_happens_meanwhile(create, sim, get, pool):
    create("ORDER-1")
    sim.choose("ORDER-1")
    before = sim.fault("hold", operation="core.status", count=1)
    after = sim.fault("hold", operation="core.status", count=1, when="after")
    fresh = pool.submit(get)
    sim.wait_held(before)
    stale = pool.submit(get)
    sim.wait_held(after)

    sim.event("ORDER-1", "settle")
    sim.release(before)
    sim.release(after)

    assert fresh.result(5).json()["transaction_status"] == "settlement"
    assert stale.result(5).json()["transaction_status"] == "pending"


def test_a_held_create_has_no_token_yet(sim, create, pool):
    fault = sim.fault("hold", operation="snap.create")
    call = pool.submit(create, "ORDER-1")
    sim.wait_held(fault)

    with pytest.raises(SimulatorError, match="unknown"):
        sim.order("ORDER-1")
    sim.release(fault)
    assert call.result(5)["token"]


def test_a_barrier_can_hold_webhooks(sim, shop, create):
    create("ORDER-1")
    fault = sim.fault("hold", operation="webhook", status="pending")
    sim.event("ORDER-1", "settle")
    shop.wait_for(1)

    sim.release(fault)
    shop.wait_for(2)

    assert shop.statuses() == ["settlement", "pending"]


def test_a_barrier_opens_by_itself_after_its_seconds(paid, sim, get):
    sim.fault("hold", operation="core.status", seconds=0.1)

    assert get().status_code == 200


def test_reset_opens_every_barrier(sim, create, pool):
    fault = sim.fault("hold", operation="snap.create")
    call = pool.submit(create, "ORDER-1")
    sim.wait_held(fault)

    sim.reset()

    assert call.result(5)["token"], "the call went on"
    assert sim.control("GET", "transactions")["orders"] == [], "and left nothing behind"
    assert sim.control("GET", "faults")["faults"] == []


def test_many_callers_make_one_token_at_a_time(sim, create, pool):
    start = threading.Barrier(8)

    def call(_):
        start.wait()
        return create("ORDER-1")["token"]

    tokens = list(pool.map(call, range(8)))

    assert len(set(tokens)) == 8
    assert sim.order("ORDER-1")["page"]["token"] in tokens
