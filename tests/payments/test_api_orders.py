"""Placing, reading and cancelling orders over the API: the contract of design section 6."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import override_settings

from config.throttling import Rate
from orders import voucher_box
from orders.models import Order, OrderEvent, ShippingMethod
from payments.models import Payment
from shop.models import Product, Reservation, Variant
from tests.support.api import ApiClient, Buyer, fields_of, make_address, problem_of
from tests.support.vouchers import make_voucher
from tests.support.world import make_customer, make_order, make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def buyer() -> Buyer:
    return Buyer()


# --- vouchers ---------------------------------------------------------------------------------------------------
def test_a_voucher_takes_something_off_and_is_named_in_the_answer(buyer):
    voucher, variant = make_voucher(amount=25_000), make_variant(price=100_000)

    placed = buyer.order((variant, 1), voucherCode=f" {voucher.code.lower()} ").json()["order"]

    assert (placed["discount"], placed["voucherCode"], placed["total"]) == (25_000, voucher.code, 87_000)
    assert buyer.get(f"/api/orders/{placed['id']}").json()["voucherCode"] == voucher.code


def test_an_order_without_a_voucher_says_so(buyer):
    assert buyer.order((make_variant(), 1), voucherCode=None).json()["order"]["voucherCode"] is None


@pytest.mark.parametrize(("fields", "status"), [({"is_active": False}, 400), ({"total_limit": 0}, 409)])
def test_a_refused_voucher_names_its_field_and_places_nothing(buyer, fields, status):
    answer = buyer.order((make_variant(), 1), voucherCode=make_voucher(**fields).code)

    body = problem_of(answer, status)
    assert [error["field"] for error in body["errors"]] == ["voucherCode"]
    assert Order.objects.count() == 0


def test_voucher_codes_cannot_be_guessed_at_and_a_known_key_is_still_answered(buyer, settings, monkeypatch):
    settings.THROTTLING = True
    monkeypatch.setattr(voucher_box, "TRIES", Rate(limit=4, window=600))
    cache.clear()
    line, voucher = (make_variant(), 1), make_voucher()
    known = buyer.order(line, voucherCode=voucher.code, idempotencyKey="kunci")
    for number in range(4):
        problem_of(buyer.order(line, voucherCode=f"COBA{number}"), 400)

    refused = problem_of(buyer.order(line, voucherCode=voucher.code), 429)
    again = buyer.order(line, voucherCode=voucher.code, idempotencyKey="kunci")
    cache.clear()

    assert refused["code"] == "too_many_voucher_codes"
    assert refused["retryAfter"] > 0
    assert again.json()["order"]["id"] == known.json()["order"]["id"]
    assert Order.objects.count() == 1


def test_a_repetition_with_another_voucher_is_another_request(buyer):
    variant = make_variant()
    first, other = make_voucher(total_limit=1), make_voucher()
    assert buyer.order((variant, 1), idempotencyKey="k", voucherCode=first.code).status_code == 201

    assert buyer.order((variant, 1), idempotencyKey="k", voucherCode=first.code).json()["duplicate"]
    assert buyer.order((variant, 1), idempotencyKey="k").json()["duplicate"]
    assert buyer.order((variant, 1), idempotencyKey="k", voucherCode=other.code).status_code == 422


def test_placing_with_a_voucher_takes_six_queries_more(buyer, django_assert_max_num_queries):
    voucher, variant = make_voucher(total_limit=5, customer_limit=5), make_variant()

    with django_assert_max_num_queries(30):  # read, uses of this customer (twice), lock, use, count
        assert buyer.order((variant, 1), voucherCode=voucher.code).status_code == 201


# --- placing ----------------------------------------------------------------------------------------------------
def test_an_order_answers_everything_the_contract_names(buyer):
    variant, other = make_variant(price=100_000), make_variant(price=25_000)

    answer = buyer.order((variant, 2), (other, 1), note="Titip di satpam\nterima kasih")

    assert answer.status_code == 201
    body = answer.json()
    assert body["duplicate"] is False
    placed, stored = body["order"], Order.objects.get()
    assert (placed["id"], placed["orderNumber"]) == (str(stored.pk), stored.number)
    assert placed["status"] == "PENDING_PAYMENT"
    assert placed["items"][0] == {
        "productId": str(variant.product_id),
        "variantId": str(variant.pk),
        "sku": variant.sku,
        "name": variant.product.name,
        "variantName": "",
        "unitPrice": 100_000,
        "quantity": 2,
        "lineTotal": 200_000,
    }
    assert (placed["subtotal"], placed["shippingCost"], placed["discount"]) == (225_000, 12_000, 0)
    assert (placed["total"], placed["currency"], placed["payment"]) == (237_000, "IDR", None)
    assert placed["shippingAddress"]["postalCode"] == "40132"
    assert placed["createdAt"] < placed["expiresAt"]
    assert placed["createdAt"].endswith("+07:00")
    assert stored.note == "Titip di satpam\nterima kasih"
    assert "no-store" in answer["Cache-Control"]


def test_placing_takes_a_bounded_number_of_queries(buyer, django_assert_max_num_queries):
    lines = [(make_variant(), 1) for _ in range(5)]

    with django_assert_max_num_queries(23):  # 19 of its own; the others are savepoints, BEGIN and COMMIT outside
        assert buyer.order(*lines, idempotencyKey="k").status_code == 201
    with django_assert_max_num_queries(5):
        number = buyer.order(*lines, idempotencyKey="k").json()["order"]["orderNumber"]
    with django_assert_max_num_queries(5):
        buyer.get("/api/orders")
    with django_assert_max_num_queries(5):
        buyer.get(f"/api/orders/{number}")


def test_ids_may_be_numbers_and_the_only_variant_goes_without_saying(buyer):
    variant = make_variant()
    body = {"items": [{"productId": variant.product_id, "quantity": 1}], "addressId": buyer.address.pk}

    placed = buyer.post("/api/orders", body)
    spelled_out = buyer.post("/api/orders", body | {"items": [body["items"][0] | {"variantId": None}]})

    assert (placed.status_code, spelled_out.status_code) == (201, 201)
    assert placed.json()["order"]["items"][0]["variantId"] == str(variant.pk)


def test_a_product_with_several_variants_needs_the_variant_named(buyer):
    variant = make_variant()
    make_variant(product=variant.product)
    body = buyer.body() | {"items": [{"productId": variant.product_id, "quantity": 1}]}

    assert fields_of(buyer.post("/api/orders", body)) == ["items[0].variantId"]


def test_the_cheapest_service_is_taken_when_none_is_named(buyer):
    variant = make_variant()

    cheapest, named = buyer.order((variant, 1)), buyer.order((variant, 1), shippingMethod="sicepat-best")

    assert cheapest.json()["order"]["shippingMethod"] == "jne-reg"
    assert named.json()["order"]["shippingMethod"] == "sicepat-best"
    assert fields_of(buyer.order((variant, 1), shippingMethod="burung-merpati")) == ["shippingMethod"]


def test_an_address_that_no_service_reaches_is_a_400(buyer):
    ShippingMethod.objects.update(is_active=False)

    assert fields_of(buyer.order((make_variant(), 1))) == ["shippingMethod"]


def test_a_short_line_answers_in_the_words_of_the_report_and_writes_nothing(buyer):
    enough, short, empty = make_variant(on_hand=9), make_variant(on_hand=5), make_variant(on_hand=0)

    answer = buyer.order((enough, 1), (short, 10), (empty, 1), idempotencyKey="k")

    body = problem_of(answer, 409)
    assert body["error"] == "Stok tidak mencukupi. Tersedia: 5, diminta: 10"
    assert (body["stockIssue"], body["availableStock"], body["requestedQuantity"]) == (True, 5, 10)
    assert [(line["variantId"], line["availableStock"], line["requestedQuantity"]) for line in body["items"]] == [
        (str(short.pk), 5, 10),
        (str(empty.pk), 0, 1),
    ]
    assert not Order.objects.exists()
    assert not Reservation.objects.exists()
    assert Variant.objects.get(pk=enough.pk).reserved == 0
    assert buyer.order((short, 5), idempotencyKey="k").status_code == 201, "the key of a refusal is free again"


def test_what_is_not_sold_any_more_is_a_409(buyer):
    variant = make_variant()
    Product.objects.filter(pk=variant.product_id).update(is_active=False)

    problem_of(buyer.order((variant, 1)), 409)


@override_settings(MAX_UNPAID_ORDERS=2)
def test_too_many_unpaid_orders_are_a_429(buyer):
    variant = make_variant()
    first = buyer.order((variant, 1), idempotencyKey="first")
    buyer.order((variant, 1))

    answer = buyer.order((variant, 1))

    problem_of(answer, 429)
    assert int(answer["Retry-After"]) > 0
    assert buyer.order((variant, 1), idempotencyKey="first").json()["order"]["id"] == first.json()["order"]["id"]


# --- reading and cancelling -------------------------------------------------------------------------------------
def test_orders_are_listed_newest_first_in_pages(buyer):
    numbers = [make_order(customer=buyer.user).number for _ in range(3)][::-1]
    make_order()

    first = buyer.get("/api/orders?limit=2").json()
    second = buyer.get(first["next"]).json()

    assert [row["orderNumber"] for row in first["results"] + second["results"]] == numbers
    assert (first["previous"], second["next"]) == (None, None)


def test_an_order_is_read_by_id_and_by_number(buyer):
    order = make_order(customer=buyer.user)

    shown = [buyer.get(f"/api/orders/{name}").json() for name in (order.pk, order.number, order.number.lower())]

    assert shown[0] == shown[1] == shown[2]
    assert shown[0]["id"] == str(order.pk)


@pytest.mark.parametrize("who", ["stranger", "staff"])
def test_somebody_elses_order_does_not_exist(who):
    order = make_order()
    reader = ApiClient(make_customer(is_staff=who == "staff", is_superuser=who == "staff"))
    owner_address = make_address(order.user)

    for name in (order.pk, order.number):
        problem_of(reader.get(f"/api/orders/{name}"), 404)
        problem_of(reader.post(f"/api/orders/{name}/cancel"), 404)
        problem_of(reader.post("/api/payment/create", {"orderId": str(name)}), 404)
    items = [{"productId": item.variant.product_id, "quantity": 1} for item in order.items.all()]
    problem_of(reader.post("/api/orders", {"items": items, "addressId": owner_address.pk}), 404)
    assert reader.get("/api/orders").json()["results"] == []
    assert reader.get("/api/addresses").json()["results"] == []
    assert Order.objects.get(pk=order.pk).closing_at is None
    assert not Payment.objects.exists()


@pytest.mark.parametrize(
    "name", ["0", "999999999", "9" * 19, "9223372036854775808", "ORD-20260101-ZZZZZZ", "x", "-1", "1.0", "9" * 41]
)
def test_an_unknown_order_is_a_404(buyer, name):
    problem_of(buyer.get(f"/api/orders/{name}"), 404)
    problem_of(buyer.post(f"/api/orders/{name}/cancel"), 404)


def test_an_order_without_payments_is_cancelled_at_once(buyer):
    variant = make_variant(on_hand=3)
    order = make_order((variant, 3), customer=buyer.user)

    answer = buyer.post(f"/api/orders/{order.number}/cancel", {"reason": "Salah ukuran"})
    again = buyer.post(f"/api/orders/{order.number}/cancel")

    assert (answer.status_code, again.status_code) == (200, 200)
    assert answer.json()["order"]["status"] == "CANCELLED"
    assert Variant.objects.get(pk=variant.pk).reserved == 0
    order.refresh_from_db()
    assert order.cancel_words == "Salah ukuran"
    said = OrderEvent.objects.filter(order=order, actor=f"customer:{buyer.user.pk}").values_list("reason", flat=True)
    assert set(said) == {"", "dibatalkan pelanggan"}  # the history is for ever, a customer's words are not


@pytest.mark.parametrize("body", [{"status": "PAID"}, {"reason": 5}, {"reason": "a" * 201}, {"reason": "a\u0001"}])
def test_cancelling_takes_a_reason_and_nothing_else(buyer, body):
    order = make_order(customer=buyer.user)

    assert fields_of(buyer.post(f"/api/orders/{order.pk}/cancel", body)) == list(body)
    assert Order.objects.get().status == "PENDING_PAYMENT"
