"""Who may give back how much, and what repeating means."""

from __future__ import annotations

import pytest

from payments.simulator.refunds import BANK_CONFIRMS_AFTER
from tests.support.simulator import SimulatorError


@pytest.fixture
def paid(create, sim, shop):
    """A settled payment of Rp150.000, its webhooks already seen."""

    def call(method="qris"):
        create("ORDER-1")
        transaction = sim.event("ORDER-1", "settle", method=method)
        shop.clear()
        return transaction

    return call


@pytest.fixture
def refund(post):
    def call(body=None, path="refund"):
        return post(f"/v2/ORDER-1/{path}", body or {}).json()

    return call


def test_without_an_amount_everything_goes_back(paid, refund, status):
    paid()

    body = refund({"refund_key": "k1", "reason": "rusak"})

    assert (body["status_code"], body["transaction_status"], body["refund_amount"]) == ("200", "refund", "150000.00")
    assert isinstance(body["refund_chargeback_id"], int)
    assert status("ORDER-1")["transaction_status"] == "refund"


def test_parts_add_up_to_the_whole(paid, refund, status):
    paid()

    first = refund({"refund_key": "k1", "amount": 50_000})
    between = status("ORDER-1")
    second = refund({"refund_key": "k2", "amount": 100_000})
    after = status("ORDER-1")

    assert (first["transaction_status"], second["transaction_status"]) == ("partial_refund", "refund")
    assert (between["refund_amount"], after["refund_amount"]) == ("50000.00", "150000.00")
    assert [(each["refund_key"], each["refund_amount"]) for each in after["refunds"]] == [
        ("k1", "50000.00"),
        ("k2", "100000.00"),
    ]


@pytest.mark.parametrize("amounts", [(150_001,), (100_000, 50_001)])
def test_more_than_was_paid_is_414(paid, refund, amounts):
    paid()

    codes = [refund({"refund_key": f"k{amount}", "amount": amount})["status_code"] for amount in amounts]

    assert codes == ["200"] * (len(amounts) - 1) + ["414"]


@pytest.mark.parametrize("amount", [0, -1, 1.5, "50000", True])
def test_an_amount_is_a_whole_positive_number(paid, refund, amount):
    paid()

    assert refund({"refund_key": "k1", "amount": amount})["status_code"] == "400"


@pytest.mark.parametrize("method", ["bca_va", "permata_va", "echannel", "indomaret", "alfamart"])
@pytest.mark.parametrize("path", ["refund", "refund/online/direct"])
def test_accounts_and_shops_cannot_be_refunded(paid, refund, method, path):
    paid(method)

    assert refund({"refund_key": "k1"}, path)["status_code"] == "412"


@pytest.mark.parametrize("event", [None, "capture", "cancel"])
def test_only_settled_money_can_be_refunded(create, sim, refund, event):
    create("ORDER-1")
    sim.choose("ORDER-1", "credit_card")
    if event:
        sim.event("ORDER-1", event)

    assert refund({"refund_key": "k1"})["status_code"] == "412"


@pytest.mark.parametrize(("method", "code"), [("shopeepay", "414"), ("ovo", "414"), ("gopay", "200"), ("dana", "200")])
def test_some_wallets_give_back_all_or_nothing(paid, refund, method, code):
    paid(method)

    assert refund({"refund_key": "k1", "amount": 1_000})["status_code"] == code


def test_the_same_key_again_is_406(paid, refund, status):
    paid()
    refund({"refund_key": "k1", "amount": 50_000})

    again = refund({"refund_key": "k1", "amount": 50_000})

    assert (again["status_code"], again["status_message"]) == ("406", "Duplicate refund ID")
    assert status("ORDER-1")["refund_amount"] == "50000.00"


def test_without_a_key_each_call_is_another_refund(paid, refund, status):
    paid()

    codes = [refund({"amount": 50_000})["status_code"] for _ in range(3)]

    assert codes == ["200"] * 3
    assert status("ORDER-1")["transaction_status"] == "refund"


def test_a_key_has_letters_digits_dash_and_underscore(paid, refund):
    paid()

    assert refund({"refund_key": "a b"})["status_code"] == "400"


def test_a_refund_sends_two_webhooks(paid, refund, sim, shop):
    paid()
    refund({"refund_key": "k1", "amount": 50_000})
    shop.wait_for(1)

    sim.advance(BANK_CONFIRMS_AFTER + 1)
    first, second = (body["refunds"][0] for body in shop.bodies())

    assert [(body["transaction_status"], body["status_code"]) for body in shop.bodies()] == [
        ("partial_refund", "200")
    ] * 2
    assert "bank_confirmed_at" not in first
    assert "bank_confirmed_at" in second
    assert shop.bodies()[1]["refund_amount"] == "50000.00"


def test_a_denied_refund_is_202_and_changes_nothing(paid, refund, sim, shop, status):
    paid("credit_card")
    sim.fault("refund_denied", count=1)

    body = refund({"refund_key": "k1", "amount": 50_000}, "refund/online/direct")
    again = refund({"refund_key": "k1", "amount": 50_000}, "refund/online/direct")

    assert (body["status_code"], body["status_message"]) == ("202", "Refund denied by the bank")
    assert (body["transaction_status"], body["refund_amount"]) == ("settlement", "0.00")
    assert again["status_code"] == "200", "a denied refund may be tried again with its key"
    assert len(status("ORDER-1")["refunds"]) == 1


def test_a_held_refund_is_repeated_not_doubled(paid, refund, sim, status, shop):
    paid()
    sim.fault("refund_held", count=1)

    first = refund({"refund_key": "k1", "amount": 50_000})
    again = refund({"refund_key": "k1", "amount": 50_000})
    sim.advance(3600)
    waiting = status("ORDER-1")["refunds"]
    sim.event("ORDER-1", "confirm_refund")

    assert first["refund_chargeback_id"] == again["refund_chargeback_id"]
    assert "bank_confirmed_at" not in waiting[0]
    assert "bank_confirmed_at" in shop.bodies()[-1]["refunds"][0]
    assert refund({"refund_key": "k1", "amount": 50_000})["status_code"] == "406"


def test_a_held_refund_can_be_denied_later(paid, refund, sim, status):
    paid()
    sim.fault("refund_held")
    refund({"refund_key": "k1", "amount": 50_000})

    sim.event("ORDER-1", "deny_refund")

    body = status("ORDER-1")
    assert body["transaction_status"] == "settlement"
    assert "refunds" not in body


def test_staff_refund_at_the_dashboard(paid, sim, status, shop):
    paid()

    sim.event("ORDER-1", "refund", amount=60_000)

    assert status("ORDER-1")["refund_amount"] == "60000.00"
    assert shop.statuses() == ["partial_refund"]
    with pytest.raises(SimulatorError, match="amount is invalid"):
        sim.event("ORDER-1", "refund", amount=90_001)


def test_chargebacks_grow(paid, sim, status):
    paid("credit_card")

    sim.event("ORDER-1", "chargeback", amount=50_000)
    partly = status("ORDER-1")["transaction_status"]
    sim.event("ORDER-1", "chargeback")

    assert (partly, status("ORDER-1")["transaction_status"]) == ("partial_chargeback", "chargeback")
