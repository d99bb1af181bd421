"""What can be made to go wrong between the shop and Snap or Core."""

from __future__ import annotations

import time

import pytest
import requests

from tests.support.simulator import SimulatorError

STATUS = "/v2/ORDER-1/status"


@pytest.fixture
def paid(create, sim):
    create("ORDER-1")
    return sim.event("ORDER-1", "settle", method="qris")


@pytest.fixture
def get(post):
    def call(path=STATUS, **keywords):
        return post(path, method="GET", **keywords)

    return call


# -- how a call is answered --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status", "start"),
    [
        ("http_500", 500, b"{"),
        ("http_503", 503, b"{"),
        ("http_429", 429, b"{"),
        ("http_502", 502, b"<html>"),
        ("http_403", 403, b"<!DOCTYPE html>"),
        ("empty_body", 200, b""),
        ("json_list", 200, b"[{"),
    ],
)
def test_wrong_answers(paid, sim, get, fault, status, start):
    sim.fault(fault, operation="core.status", count=1)

    wrong, right = get(), get()

    assert wrong.status_code == status
    assert wrong.content.startswith(start)
    assert bool(wrong.content) is bool(start)
    assert right.json()["transaction_status"] == "settlement"


def test_truncated_json_cannot_be_read(paid, sim, get):
    sim.fault("truncated_json")

    with pytest.raises(requests.JSONDecodeError):
        get().json()


def test_a_redirect_leads_elsewhere(paid, sim, get):
    sim.fault("http_302", location="/nowhere")

    answer = get()

    assert (answer.status_code, answer.headers["Location"]) == (302, "/nowhere")


def test_a_refused_call_was_never_made(post, sim, create):
    sim.fault("refuse", operation="snap.create", count=1)

    with pytest.raises(requests.ConnectionError):
        create("ORDER-1")

    with pytest.raises(SimulatorError, match="unknown"):
        sim.order("ORDER-1")
    assert sim.requests()[0]["status"] == "closed"


def test_a_lost_response_leaves_a_token(sim, create):
    sim.fault("response_lost", operation="snap.create", count=1)

    with pytest.raises(requests.ConnectionError):
        create("ORDER-1")

    assert sim.order("ORDER-1")["page"]["state"] == "open"


def test_a_lost_response_leaves_a_refund(paid, sim, post, status):
    sim.fault("response_lost", operation="core.refund", count=1)

    with pytest.raises(requests.ConnectionError):
        post("/v2/ORDER-1/refund", {"refund_key": "k1", "amount": 1_000})

    assert status("ORDER-1")["refund_amount"] == "1000.00"


@pytest.mark.parametrize("processed", [False, True])
def test_an_error_may_hide_a_success(sim, post, create, processed):
    create("ORDER-1")
    sim.choose("ORDER-1")
    sim.fault("http_503", operation="core.cancel", processed=processed)

    assert post("/v2/ORDER-1/cancel").status_code == 503
    assert sim.transactions("ORDER-1")[0]["transaction_status"] == ("cancel" if processed else "pending")


def test_a_hanging_call_outlives_the_callers_patience(paid, sim, get):
    sim.fault("hang", operation="core.status", seconds=0.6)

    with pytest.raises(requests.ReadTimeout):
        get(timeout=0.2)


def test_a_slow_drip_beats_a_read_timeout(paid, sim, get):
    sim.fault("slow_drip", operation="core.status", seconds=2)
    started = time.monotonic()

    answer = get(timeout=1.5)

    assert time.monotonic() - started >= 2
    assert answer.json()["transaction_status"] == "settlement"


def test_latency_delays_the_answer(paid, sim, get):
    sim.fault("latency", seconds=0.2, count=1)
    started = time.monotonic()

    get()

    assert 0.2 <= time.monotonic() - started < 10


# -- what a call decides -----------------------------------------------------------------------------------------


def test_get_status_lags_behind(paid, sim, status):
    sim.fault("status_lags", count=1)

    lagging = status("ORDER-1")

    assert (lagging["transaction_status"], lagging["status_code"]) == ("pending", "201")
    assert "settlement_time" not in lagging
    assert status("ORDER-1")["transaction_status"] == "settlement"


def test_get_status_does_not_know_it_yet(paid, sim, status):
    sim.fault("status_404", count=2)

    assert [status("ORDER-1")["status_code"] for _ in range(3)] == ["404", "404", "200"]


def test_get_status_can_say_anything(paid, sim, status):
    sim.fault(
        "status_edited", fields={"gross_amount": "1.00", "transaction_status": "sleeping"}, remove=["fraud_status"]
    )

    body = status("ORDER-1")

    assert (body["gross_amount"], body["transaction_status"]) == ("1.00", "sleeping")
    assert "fraud_status" not in body


@pytest.mark.parametrize("action", ["cancel", "expire"])
def test_412_although_it_is_pending(create, sim, post, action):
    create("ORDER-1")
    sim.choose("ORDER-1")
    sim.fault("not_modifiable", count=1)

    assert post(f"/v2/ORDER-1/{action}").json()["status_code"] == "412"
    assert sim.transactions("ORDER-1")[0]["transaction_status"] == "pending"


def test_real_http_codes(paid, sim, post, get):
    sim.fault("real_http_codes")

    assert get("/v2/nobody/status").status_code == 404
    assert post("/v2/ORDER-1/cancel").status_code == 412
    assert get().status_code == 200


def test_a_token_is_on_progress_without_any_choice(create, sim, post):
    token = create("ORDER-1")["token"]
    sim.fault("token_on_progress", count=1)

    first = post(f"/snap/v1/transactions/{token}/cancel")

    assert first.json() == {"error_messages": ["Transaction is on progress"]}
    assert post(f"/snap/v1/transactions/{token}/cancel").status_code == 200


def test_the_webhook_comes_before_the_snap_answer(create, sim, shop):
    answered = []
    shop.before_answer = lambda received: answered.append(received.body["transaction_status"])
    sim.fault("early_webhook", event="settle")

    create("ORDER-1")

    assert answered == ["pending", "settlement"]


# -- which calls, how often --------------------------------------------------------------------------------------


def test_a_rule_names_operations_and_orders_by_pattern(create, sim, post):
    for order_id in ("A-1", "B-1"):
        create(order_id)
        sim.choose(order_id)
    sim.fault("http_500", operation="core.c*", order_id="A-*")

    answers = {
        (order_id, path): post(f"/v2/{order_id}/{path}", method=method).status_code
        for order_id in ("A-1", "B-1")
        for method, path in (("GET", "status"), ("POST", "cancel"))
    }

    assert answers == {("A-1", "status"): 200, ("A-1", "cancel"): 500, ("B-1", "status"): 200, ("B-1", "cancel"): 200}


def test_a_rule_finds_the_order_behind_a_transaction_id(paid, sim, post):
    sim.fault("http_500", order_id="ORDER-1")

    assert post(f"/v2/{paid['transaction_id']}/status", method="GET").status_code == 500


def test_a_rule_may_skip_calls_and_ends_after_its_count(paid, sim, get):
    fault = sim.fault("http_500", skip=1, count=2)

    assert [get().status_code for _ in range(5)] == [200, 500, 500, 200, 200]
    assert sim.faults(fault)["hits"] == 2
    assert sim.faults(fault)["remaining"] == 0


def test_two_rules_act_one_after_the_other(paid, sim, get):
    sim.fault("http_500", count=1)
    sim.fault("http_429", count=1)

    assert [get().status_code for _ in range(3)] == [500, 429, 200]


def test_a_removed_rule_is_over(paid, sim, get):
    fault = sim.fault("http_500")
    sim.remove_fault(fault)

    assert get().status_code == 200


def test_the_log_says_which_faults_acted(paid, sim, get):
    sim.fault("http_500", count=1)
    get()

    assert [(call["status"], call["faults"]) for call in sim.requests(operation="core.status")] == [(500, ["http_500"])]


@pytest.mark.parametrize(
    "rule",
    [
        {"fault": "no_such"},
        {},
        {"fault": "latency", "seconds": "long"},
        {"fault": "latency", "unheard": 1},
        {"fault": "hold", "when": "never"},
        {"fault": "http_500", "count": -1},
        {"fault": "http_500", "count": True},
        {"fault": "http_500", "match": {"path": "*"}},
        {"fault": "http_500", "match": []},
        {"fault": "http_500", "processed": 1},
        {"fault": "webhook_body", "shape": "round"},
    ],
)
def test_wrong_rules_are_refused(sim, rule):
    with pytest.raises(SimulatorError) as refused:
        sim.control("POST", "faults", json=rule)

    assert refused.value.status == 400
