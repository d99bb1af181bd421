"""What a webhook looks like and where it goes."""

from __future__ import annotations

import re
import uuid

import pytest

from payments.simulator.signature import signature_key

WIB = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def signed_by(body, key):
    expected = signature_key(body["order_id"], body["status_code"], body["gross_amount"], key)
    return body["signature_key"] == expected


def test_the_common_fields_are_strings(sim, shop, create):
    create("ORDER-1", custom_field1="satu", custom_field3="tiga")
    sim.event("ORDER-1", "settle")

    _, body = shop.bodies()

    assert body["transaction_status"] == "settlement"
    assert body["status_code"] == "200"
    assert body["status_message"] == "midtrans payment notification"
    assert body["gross_amount"] == "150000.00"
    assert body["currency"] == "IDR"
    assert body["fraud_status"] == "accept"
    assert body["merchant_id"].startswith("G")
    assert (body["custom_field1"], body["custom_field3"]) == ("satu", "tiga")
    assert "custom_field2" not in body
    assert str(uuid.UUID(body["transaction_id"])) == body["transaction_id"]
    assert all(WIB.fullmatch(body[name]) for name in ("transaction_time", "settlement_time", "expiry_time"))
    assert None not in body.values()
    assert signed_by(body, sim.server_key)


def test_it_is_posted_as_midtrans_does(sim, shop, create):
    create("ORDER-1")
    sim.choose("ORDER-1")

    [received] = shop.received

    assert received.path == "/notification"
    assert received.headers["User-Agent"] == "Veritrans"
    assert received.headers["Content-Type"] == received.headers["Accept"] == "application/json"
    assert "Authorization" not in received.headers


@pytest.mark.parametrize(
    ("method", "payment_type", "fields"),
    [
        ("bca_va", "bank_transfer", {"va_numbers", "payment_amounts"}),
        ("bni_va", "bank_transfer", {"va_numbers", "payment_amounts"}),
        ("bri_va", "bank_transfer", {"va_numbers", "payment_amounts"}),
        ("permata_va", "bank_transfer", {"permata_va_number"}),
        ("echannel", "echannel", {"biller_code", "bill_key"}),
        ("gopay", "gopay", {"payment_option_type"}),
        ("qris", "qris", {"acquirer", "issuer", "transaction_type"}),
        ("shopeepay", "shopeepay", {"shopeepay_reference_number", "reference_id"}),
        ("dana", "dana", set()),
        ("ovo", "ovo", {"payer_phone_number"}),
        ("indomaret", "cstore", {"store", "payment_code", "approval_code"}),
        ("alfamart", "cstore", {"store", "payment_code"}),
        ("danamon_va", "bank_transfer", {"va_numbers"}),
        ("kredivo", "kredivo", set()),
        ("akulaku", "akulaku", set()),
    ],
)
def test_each_method_brings_its_fields(sim, shop, create, method, payment_type, fields):
    create("ORDER-1")
    sim.choose("ORDER-1", method)
    sim.event("ORDER-1", "settle")

    pending, settled = shop.bodies()

    assert (pending["transaction_status"], settled["transaction_status"]) == ("pending", "settlement")
    assert pending["payment_type"] == settled["payment_type"] == payment_type
    assert fields <= set(settled)
    assert ("fraud_status" in settled) is (payment_type != "cstore")
    assert "settlement_time" not in pending
    assert pending["order_id"] == settled["order_id"] == "ORDER-1"


def test_a_card_shows_a_masked_number(sim, shop, create):
    create("ORDER-1")
    sim.event("ORDER-1", "capture")

    body = shop.bodies()[-1]

    assert body["masked_card"] == "48111111-1114"
    assert {"bank", "approval_code", "eci", "card_type", "three_ds_version", "channel_response_code"} <= set(body)


@pytest.mark.parametrize(
    ("events", "method", "webhook", "get"),
    [
        ([], "bca_va", "201", "201"),
        ([], "shopeepay", "201", "200"),
        (["settle"], "bca_va", "200", "200"),
        (["capture"], "credit_card", "200", "200"),
        (["challenge"], "credit_card", "201", "201"),
        (["challenge", "approve"], "credit_card", "200", "200"),
        (["authorize"], "credit_card", "200", "200"),
        (["deny"], "gopay", "202", "202"),
        (["cancel"], "bca_va", "202", "200"),
        (["expire"], "bca_va", "202", "407"),
        (["failure"], "bca_va", "202", "202"),
        (["settle", "refund"], "qris", "200", "200"),
        (["settle", "reverse"], "permata_va", "202", "202"),
        (["settle", "chargeback"], "credit_card", "200", "200"),
    ],
)
def test_each_event_has_its_two_codes(sim, shop, create, status, events, method, webhook, get):
    create("ORDER-1")
    transaction = sim.choose("ORDER-1", method)
    for event in events:
        sim.event("ORDER-1", event)

    assert shop.bodies()[-1]["status_code"] == webhook
    assert status(transaction["transaction_id"])["status_code"] == get


def test_override_replaces_and_append_adds_up_to_three_urls(sim, shop, create):
    urls = {name: ", ".join(f"{shop.origin}/{name}{number}" for number in range(4)) for name in ("instead", "also")}
    create("ORDER-1", headers={"X-Override-Notification": urls["instead"], "X-Append-Notification": urls["also"]})
    create("ORDER-2", headers={"X-Append-Notification": f"{shop.origin}/also0"})

    sim.choose("ORDER-1")
    first = sorted(received.path for received in shop.received)
    shop.clear()
    sim.choose("ORDER-2")

    assert first == ["/also0", "/also1", "/also2", "/instead0", "/instead1", "/instead2"]
    assert sorted(received.path for received in shop.received) == ["/also0", "/notification"]


def test_one_order_gets_its_webhooks_in_order(sim, shop, create):
    for number in range(10):
        create(f"ORDER-{number}")
        sim.event(f"ORDER-{number}", "settle")

    assert shop.statuses() == ["pending", "settlement"] * 10


def test_sometimes_there_is_a_field_nobody_knows(sim, shop, create):
    for number in range(60):
        create(f"ORDER-{number}")
        sim.choose(f"ORDER-{number}")

    odd = [body for body in shop.bodies() if "simulator_field" in body]

    assert 0 < len(odd) < 30


def test_a_fee_is_inside_the_signed_amount(sim, shop, create):
    create("ORDER-1")
    sim.choose("ORDER-1", fee=4_000)

    [body] = shop.bodies()

    assert body["gross_amount"] == "154000.00"
    assert body["metadata"]["extra_info"]["gross_amount_info"]["original_amount"] == "150000.00"
    assert signed_by(body, sim.server_key)


def test_a_delivery_can_be_sent_again(sim, shop, create):
    create("ORDER-1")
    sim.choose("ORDER-1")

    again = sim.resend(sim.deliveries()[0]["id"])

    assert shop.received[0].raw == shop.received[1].raw
    assert again["resend_of"] == sim.deliveries()[0]["id"]


def test_the_dashboards_test_button_sends_an_unknown_order(sim, shop):
    [delivery] = sim.notify(gross_amount="5000.00")

    [body] = shop.bodies()

    assert delivery["state"] == "delivered"
    assert body["order_id"].startswith("payment_notif_test_")
    assert body["gross_amount"] == "5000.00"
    assert signed_by(body, sim.server_key)


def test_a_lost_webhook_is_known_to_get_status_only(sim, shop, create, status):
    create("ORDER-1")
    sim.event("ORDER-1", "settle", deliver=False)

    assert shop.received == []
    assert status("ORDER-1")["transaction_status"] == "settlement"
