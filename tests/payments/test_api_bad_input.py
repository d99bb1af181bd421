"""The bad-input matrix: each answer is a 400 that names the field, and nothing is written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orders.models import Order, OrderItem
from payments.models import Payment
from shop.models import Reservation
from tests.support.api import Buyer, fields_of, make_address, problem_of
from tests.support.world import make_customer, make_order, make_variant

pytestmark = pytest.mark.django_db

# As they stand in the JSON text, since some of them are no Python value.
NO_QUANTITY = [
    "-1", "0", "100", "1.5", "1.0", "2e0", "1e3", "1E400", '"2"', '"1e3"', '"１"', '""', "true", "false", "null", "[]",
    "[1]", "{}", "2147483648", "9223372036854775807", "9223372036854775808", "1" + "0" * 30, "-0.0", '"NaN"',
]  # fmt: skip
NO_ID = [
    "-1", "0", "1.0", "1e0", '"1.0"', '"+1"', '" 1"', '"１"', '"abc"', '""', "true", "[]", "{}", "9223372036854775808",
    '"9223372036854775808"', '"0x1"', '"' + "9" * 400 + '"', "1" + "0" * 30,
]  # fmt: skip


def as_text(body: Any, value: str) -> bytes:
    """Return ``body`` as JSON with ``value`` where it holds the marker."""
    return json.dumps(body).replace('"@"', value).encode()


@pytest.fixture
def buyer() -> Buyer:
    return Buyer()


def assert_nothing_was_written() -> None:
    assert not Order.objects.exists()
    assert not OrderItem.objects.exists()
    assert not Reservation.objects.exists()


def test_a_bad_quantity_is_named(buyer, subtests):
    body = buyer.body((make_variant(), 1), (make_variant(), 1))
    body["items"][1]["quantity"] = "@"

    for value in NO_QUANTITY:
        with subtests.test(value):
            assert fields_of(buyer.post("/api/orders", raw=as_text(body, value))) == ["items[1].quantity"]
    assert_nothing_was_written()


@pytest.mark.parametrize("field", ["items[0].productId", "items[0].variantId", "addressId"])
def test_a_bad_id_is_named(buyer, subtests, field):
    body = buyer.body((make_variant(), 1))
    (body if field == "addressId" else body["items"][0])[field.rpartition(".")[2]] = "@"

    for value in NO_ID:
        with subtests.test(value):
            assert fields_of(buyer.post("/api/orders", raw=as_text(body, value))) == [field]
    assert_nothing_was_written()


def test_a_bad_order_id_is_named(buyer, subtests):
    words = {'"abc"', '"0x1"'}  # these could be order numbers; they are only unknown

    for value in NO_ID:
        with subtests.test(value):
            answer = buyer.post("/api/payment/create", raw=as_text({"orderId": "@"}, value))
            if value in words:
                problem_of(answer, 404)
            else:
                assert fields_of(answer) == ["orderId"]


@pytest.mark.parametrize("field", ["productId", "quantity"])
def test_what_is_missing_in_a_line_is_named(buyer, field):
    body = buyer.body((make_variant(), 1))
    del body["items"][0][field]

    assert fields_of(buyer.post("/api/orders", body)) == [f"items[0].{field}"]


@pytest.mark.parametrize("items", [None, [], {}, "x", 5, True])
def test_items_must_be_a_list_of_something(buyer, items):
    assert fields_of(buyer.post("/api/orders", buyer.body() | {"items": items})) == ["items"]
    assert fields_of(buyer.post("/api/payment/create", {})) == ["orderId"]


@pytest.mark.parametrize("line", [None, 5, "x", [], True])
def test_each_line_must_be_an_object(buyer, line):
    good = buyer.body((make_variant(), 1))["items"][0]

    answer = buyer.post("/api/orders", buyer.body() | {"items": [good, line]})

    assert fields_of(answer) == ["items[1]"]
    assert answer.json()["detail"] == "Kirim sebuah objek JSON."


def test_fifty_lines_go_and_one_more_does_not(buyer):
    variant = make_variant(on_hand=60)
    line = buyer.body((variant, 1))["items"][0]

    assert fields_of(buyer.post("/api/orders", buyer.body() | {"items": [line] * 51})) == ["items"]
    assert_nothing_was_written()
    assert buyer.post("/api/orders", buyer.body() | {"items": [line] * 50}).status_code == 201


def test_one_variant_in_two_lines_adds_up_to_ninety_nine_at_most(buyer):
    variant = make_variant(on_hand=200, weight=50)

    assert fields_of(buyer.order((variant, 60), (variant, 40))) == ["items[1].quantity"]
    assert buyer.order((variant, 60), (variant, 39)).json()["order"]["items"][0]["quantity"] == 99


BAD_FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"note": "a" * 301}, "note"),
    ({"note": 5}, "note"),
    ({"note": ["x"]}, "note"),
    ({"note": "a\u0000b"}, "note"),
    ({"note": "a\ud800b"}, "note"),
    ({"note": "a\u0007b"}, "note"),
    ({"shippingMethod": 5}, "shippingMethod"),
    ({"shippingMethod": ""}, "shippingMethod"),
    ({"shippingMethod": "x" * 41}, "shippingMethod"),
    ({"idempotencyKey": ""}, "idempotencyKey"),
    ({"idempotencyKey": None}, "idempotencyKey"),
    ({"idempotencyKey": 5}, "idempotencyKey"),
    ({"idempotencyKey": "x" * 256}, "idempotencyKey"),
    ({"idempotencyKey": "a\nb"}, "idempotencyKey"),
    ({"idempotencyKey": {"a": 1}}, "idempotencyKey"),
    ({"idempotencyKey": " "}, "idempotencyKey"),  # as a header it would arrive as another key, or as none
    ({"idempotencyKey": "k-1 "}, "idempotencyKey"),
    ({"voucherCode": "GRATIS"}, "voucherCode"),
    ({"addressId": None}, "addressId"),
]


def test_a_bad_field_is_named(buyer, subtests):
    variant = make_variant()

    for changes, field in BAD_FIELDS:
        with subtests.test(str(changes)[:60].encode(errors="replace")):
            assert fields_of(buyer.order((variant, 1), **changes)) == [field]
    assert_nothing_was_written()


def test_a_null_stands_for_what_may_be_left_out(buyer):
    assert buyer.order((make_variant(), 1), note=None, shippingMethod=None, voucherCode=None).status_code == 201


FOREIGN = [
    "id", "status", "total", "subtotal", "shippingCost", "discount", "userId", "user", "user_id", "email", "expiresAt",
    "payment_hold", "paidAt", "number", "orderNumber", "createdAt", "cart", "expectedTotal", "address", "address_id",
    "idempotency_key", "_connector", "items__variant", "__proto__", "", "é", "x" * 200,
]  # fmt: skip


def test_a_field_that_nobody_asked_for_is_refused_by_name(buyer, subtests):
    variant = make_variant()

    for name in FOREIGN:
        with subtests.test(name):
            assert fields_of(buyer.order((variant, 1), **{name: "PAID"})) == [name[:60]]
    assert_nothing_was_written()


@pytest.mark.parametrize("name", ["price", "unitPrice", "lineTotal", "sku", "name", "product_id", "discount"])
def test_a_line_takes_no_price_of_the_clients_own(buyer, name):
    body = buyer.body((make_variant(), 1))
    body["items"][0][name] = 1

    assert fields_of(buyer.post("/api/orders", body)) == [f"items[0].{name}"]
    assert_nothing_was_written()


@pytest.mark.parametrize("name", ["amount", "status", "token", "method", "userId"])
def test_a_payment_takes_nothing_but_its_order(buyer, name):
    order = make_order(customer=buyer.user)

    assert fields_of(buyer.post("/api/payment/create", {"orderId": str(order.pk), name: 1})) == [name]
    assert not Payment.objects.exists()


def test_every_fault_is_named_at_once(buyer):
    body = {"items": [{"quantity": 0, "x": 1}, {"productId": "a", "quantity": "2"}], "addressId": "?", "total": 1}

    assert sorted(fields_of(buyer.post("/api/orders", body))) == [
        "addressId", "items[0].productId", "items[0].quantity", "items[0].x", "items[1].productId",
        "items[1].quantity", "total",
    ]  # fmt: skip


def test_products_and_variants_that_do_not_exist_or_do_not_match_are_named(buyer):
    variant, other = make_variant(), make_variant()
    body = buyer.body((variant, 1))

    def fields(**line: Any) -> list[str]:
        return fields_of(buyer.post("/api/orders", body | {"items": [body["items"][0] | line]}))

    assert fields(variantId=999_999) == ["items[0].variantId"]
    assert fields(variantId=other.pk) == ["items[0].variantId"]
    assert fields(productId=999_999, variantId=None) == ["items[0].productId"]


def test_somebody_elses_address_is_a_404(buyer):
    stranger = make_address(make_customer())

    problem_of(buyer.order((make_variant(), 1), addressId=stranger.pk), 404)
    problem_of(buyer.order((make_variant(), 1), addressId="9223372036854775807"), 404)
    assert_nothing_was_written()
