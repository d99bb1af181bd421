"""Idempotency-Key on Core POSTs, oddities included."""

from __future__ import annotations

import json

import pytest

from payments.simulator.clock import Clock
from payments.simulator.idempotency import IdempotencyKeys


@pytest.fixture
def keyed(post):
    def call(path, key, body=None):
        return post(path, body or {}, headers={"Idempotency-Key": key})

    return call


@pytest.fixture
def paid(create, sim):
    create("ORDER-1")
    sim.event("ORDER-1", "settle", method="qris")


def test_a_repeat_gets_the_stored_answer_whatever_its_body(paid, keyed, status):
    first = keyed("/v2/ORDER-1/refund", "key-1", {"refund_key": "k1", "amount": 1_000})
    again = keyed("/v2/ORDER-1/refund", "key-1", {"refund_key": "k2", "amount": 2_000})

    assert first.json() == again.json()
    assert status("ORDER-1")["refund_amount"] == "1000.00"


def test_keys_are_global_across_endpoints(paid, keyed):
    refund = keyed("/v2/ORDER-1/refund", "key-1", {"refund_key": "k1", "amount": 1_000})
    cancel = keyed("/v2/ORDER-1/cancel", "key-1")

    assert cancel.json() == refund.json()


def test_a_failure_is_not_stored(paid, keyed):
    failed = keyed("/v2/ORDER-1/refund", "key-1", {"amount": 999_999})
    right = keyed("/v2/ORDER-1/refund", "key-1", {"amount": 1_000})

    assert (failed.json()["status_code"], right.json()["status_code"]) == ("414", "200")


def test_a_key_lives_five_minutes(paid, keyed, sim):
    keyed("/v2/ORDER-1/refund", "key-1", {"amount": 1_000})
    sim.advance(301)

    keyed("/v2/ORDER-1/refund", "key-1", {"amount": 1_000})

    assert sim.transactions("ORDER-1")[0]["refund_amount"] == "2000.00"


def test_a_long_key_is_ignored(paid, keyed, status):
    for _ in range(2):
        keyed("/v2/ORDER-1/refund", "k" * 47, {"amount": 1_000})

    assert status("ORDER-1")["refund_amount"] == "2000.00"


def test_a_copy_of_a_running_call_is_202():
    keys = IdempotencyKeys(Clock())

    first, copy = keys.claim("key-1"), keys.claim("key-1")
    keys.finish("key-1", None)

    assert first is None
    assert copy is not None
    assert (copy.status, json.loads(copy.body)["status_code"]) == (202, "202")
    assert keys.claim("key-1") is None, "a failed call frees its key"


@pytest.mark.parametrize("method", ["permata_va", "indomaret"])
def test_some_methods_do_not_honour_it(create, sim, keyed, method):
    create("ORDER-1")
    sim.choose("ORDER-1", method)

    codes = [keyed("/v2/ORDER-1/cancel", "key-1").json()["status_code"] for _ in range(2)]

    assert codes == ["200", "412"]


def test_snap_ignores_it(create):
    headers = {"Idempotency-Key": "key-1"}

    assert create("ORDER-1", headers=headers)["token"] != create("ORDER-1", headers=headers)["token"]
