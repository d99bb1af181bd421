"""One order per customer and key, for ever: what a repetition answers."""

from __future__ import annotations

import pytest

from config.errors import ShopClosedError
from orders.models import Order
from payments.services import cancel_order
from shop.models import Product, Variant
from shop.services.site import close_shop, open_shop
from tests.support.api import ApiClient, Buyer, fields_of, make_address, problem_of
from tests.support.threads import run_together
from tests.support.world import make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def buyer() -> Buyer:
    return Buyer()


def test_a_repetition_answers_the_same_order(buyer):
    variant = make_variant()

    first = buyer.order((variant, 2), idempotencyKey="unique-key-123")
    again = buyer.order((variant, 2), idempotencyKey="unique-key-123")

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == {"duplicate": True, "order": first.json()["order"]}
    assert again["Idempotent-Replayed"] == "true"
    assert Order.objects.count() == 1


def test_a_repetition_may_leave_fields_out_as_the_report_does(buyer):
    variant = make_variant()
    body = buyer.body((variant, 1), idempotencyKey="k", note="kado", shippingMethod="jnt-ez")
    buyer.post("/api/orders", body)

    again = buyer.post("/api/orders", {"items": body["items"], "idempotencyKey": "k"})

    assert again.status_code == 200
    assert again.json()["order"]["shippingMethod"] == "jnt-ez"


def test_a_first_order_may_not_leave_the_address_out(buyer):
    items = buyer.body((make_variant(), 1))["items"]

    assert fields_of(buyer.post("/api/orders", {"items": items, "idempotencyKey": "k"})) == ["addressId"]
    assert fields_of(buyer.post("/api/orders", {"items": items})) == ["addressId"]


@pytest.mark.parametrize("change", ["quantity", "variant", "address", "method", "more"])
def test_the_same_key_with_another_body_is_a_422(buyer, change):
    variant, other = make_variant(), make_variant()
    body = buyer.body((variant, 1), idempotencyKey="k")
    buyer.post("/api/orders", body)
    changed = {
        "quantity": buyer.body((variant, 2)),
        "variant": buyer.body((other, 1)),
        "address": {"addressId": make_address(buyer.user).pk},
        "method": {"shippingMethod": "sicepat-best"},
        "more": buyer.body((variant, 1), (other, 1)),
    }[change]

    problem_of(buyer.post("/api/orders", body | changed), 422)

    assert Order.objects.count() == 1


def test_a_repetition_outlives_everything_that_changed_since(buyer):
    variant = make_variant(on_hand=1)
    first = buyer.order((variant, 1), idempotencyKey="k").json()["order"]
    Variant.objects.filter(pk=variant.pk).update(price=999_000, is_active=False)
    Product.objects.filter(pk=variant.product_id).update(is_active=False, name="Lain")
    body = buyer.body((variant, 1), idempotencyKey="k")
    buyer.address.delete()
    close_shop(reason="libur")

    again = buyer.post("/api/orders", body)

    assert (again.status_code, again.json()["order"]) == (200, first)


def test_a_repetition_shows_the_order_as_it_is_now(buyer):
    variant = make_variant()
    first = buyer.order((variant, 1), idempotencyKey="k").json()["order"]
    cancel_order(order_id=int(first["id"]), actor="test", reason="test")

    again = buyer.order((variant, 1), idempotencyKey="k").json()

    assert (again["duplicate"], again["order"]["id"], again["order"]["status"]) == (True, first["id"], "CANCELLED")


def test_a_closed_shop_answers_503_to_a_new_order(buyer):
    close_shop(reason="libur")

    answer = buyer.order((make_variant(), 1))
    open_shop()

    assert problem_of(answer, 503)["error"] == ShopClosedError.message
    assert answer["Retry-After"]


def test_the_header_is_the_same_as_the_field(buyer):
    variant = make_variant()
    body = buyer.body((variant, 1))
    first = buyer.post("/api/orders", body, Idempotency_Key="k-1")

    by_field = buyer.post("/api/orders", body | {"idempotencyKey": "k-1"})
    by_both = buyer.post("/api/orders", body | {"idempotencyKey": "k-1"}, Idempotency_Key="k-1")
    unequal = buyer.post("/api/orders", body | {"idempotencyKey": "k-1"}, Idempotency_Key="k-2")

    assert first.status_code == 201
    assert (by_field.status_code, by_both.status_code) == (200, 200)
    assert fields_of(unequal) == ["idempotencyKey"]


@pytest.mark.parametrize("key", ["", "\u00e9", "\x01", "x" * 256])
def test_a_header_that_is_no_key_is_a_400(buyer, key):
    assert fields_of(buyer.post("/api/orders", buyer.body((make_variant(), 1)), Idempotency_Key=key))


def test_the_longest_key_is_kept_whole(buyer):
    variant = make_variant()
    key = "ø" * 255

    assert buyer.order((variant, 1), idempotencyKey=key).status_code == 201
    assert buyer.order((variant, 1), idempotencyKey=key).status_code == 200


def test_two_customers_may_use_the_same_key(buyer):
    variant, other = make_variant(), Buyer()

    assert buyer.order((variant, 1), idempotencyKey="k").status_code == 201
    assert other.order((variant, 1), idempotencyKey="k").status_code == 201


def test_without_a_key_every_request_is_an_order(buyer):
    variant = make_variant()

    numbers = {buyer.order((variant, 1)).json()["order"]["orderNumber"] for _ in range(2)}

    assert len(numbers) == 2


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_with_one_key_make_one_order():
    buyer, variant = Buyer(), make_variant(on_hand=50)
    body = buyer.body((variant, 2), idempotencyKey="sama")
    callers = [buyer] + [ApiClient(buyer.user) for _ in range(19)]

    answers = run_together([lambda caller=caller: caller.post("/api/orders", body) for caller in callers])  # type: ignore[misc]

    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.json()["order"]["id"] for answer in answers}) == 1
    assert sum(answer.json()["duplicate"] for answer in answers) == 19
    assert Variant.objects.get(pk=variant.pk).reserved == 2
