"""Placing an order: what it writes, what it refuses, and that a refusal leaves nothing behind."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.errors import InvalidInputError, NotFoundError, ShopClosedError
from config.models import OutgoingMail
from orders.demo import seed_shipping
from orders.errors import CannotDeliverError, PriceChangedError, TooManyUnpaidOrdersError
from orders.models import Order, OrderEvent, OrderItem
from orders.services import OrderLine, OrderRequest, PlacedOrder, close_order, place, place_order
from orders.states import OrderStatus
from shop.errors import InsufficientStockError, VariantNotForSaleError
from shop.models import Product, Reservation, User, Variant
from shop.services.account import add_address
from shop.services.site import close_shop
from tests.support.tables import nothing_written
from tests.support.world import ADDRESS, make_customer, make_variant, order_request

pytestmark = pytest.mark.django_db

Refusal = TypeVar("Refusal", bound=Exception)


@pytest.fixture(autouse=True)
def shipping() -> None:
    seed_shipping()


def buy(
    *lines: tuple[Variant, int], customer: User | None = None, key: str | None = None, **fields: Any
) -> PlacedOrder:
    return place_order(customer=customer or make_customer(), request=order_request(*lines, **fields), key=key)


def buy_to_saved_address(customer: User, address_id: int) -> PlacedOrder:
    line = OrderLine(quantity=1, variant_id=make_variant().pk)
    return place_order(customer=customer, request=OrderRequest(lines=(line,), address_id=address_id))


def refused(
    kind: type[Refusal],
    *lines: tuple[Variant, int],
    customer: User | None = None,
    request: OrderRequest | None = None,
    key: str | None = None,
    **fields: Any,
) -> Refusal:
    """Try to buy, and return the refusal, which must have written nothing."""
    customer, request = customer or make_customer(), request or order_request(*lines, **fields)
    with nothing_written(), pytest.raises(kind) as caught:
        place_order(customer=customer, request=request, key=key)
    return caught.value


# --- what is written -----------------------------------------------------------------------------------------------


def test_an_order_waits_for_its_payment_with_its_stock_held():
    variant = make_variant(on_hand=5)

    order = buy((variant, 2)).order

    variant.refresh_from_db()
    held = Reservation.objects.get()
    assert Order.objects.get() == order
    assert order.status == "PENDING_PAYMENT"
    assert (held.reference, held.variant, held.quantity, held.state) == (order.number, variant, 2, "HELD")
    assert (variant.on_hand, variant.reserved) == (5, 2)


def test_lines_are_kept_as_they_were_when_the_order_was_placed():
    variant = make_variant(price=85_000, weight=400)
    name = variant.product.name
    order = buy((variant, 2)).order

    Variant.objects.update(price=1, weight=1, name="baru", sku="BARU")
    Product.objects.update(name="baru")

    item = OrderItem.objects.get(order=order)
    assert (item.name, item.variant_name, item.sku) == (name, variant.name, variant.sku)
    assert (item.unit_price, item.quantity, item.weight) == (85_000, 2, 400)


def test_the_total_is_the_lines_and_the_shipping_of_their_weight():
    light, heavy = make_variant(price=85_000, weight=400), make_variant(price=120_000, weight=1000)

    order = buy((light, 2), (heavy, 1), shipping_method="jne-reg").order

    assert (order.subtotal, order.discount) == (290_000, 0)
    assert order.shipping_cost == 12_000 + 10_000
    assert order.total == 312_000
    assert order.courier == "JNE REG"


def test_without_a_shipping_method_the_cheapest_is_taken():
    order = buy((make_variant(), 1)).order

    assert (order.shipping_method, order.shipping_cost) == ("jne-reg", 12_000)


def test_the_address_is_kept_when_the_customer_changes_his():
    customer = make_customer()
    saved = add_address(user=customer, data=ADDRESS)
    order = buy_to_saved_address(customer, saved.pk).order

    saved.delete()

    order.refresh_from_db()
    assert (order.recipient, order.street, order.postal_code) == (ADDRESS.recipient, ADDRESS.street, "40132")


def test_the_order_s_event_and_mail_are_written_with_it():
    customer = make_customer()

    order = buy((make_variant(), 1), customer=customer).order

    event = OrderEvent.objects.get()
    assert (event.order, event.kind, event.actor) == (order, "PLACED", f"customer:{customer.pk}")
    assert event.data == {"total": order.total}
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to, mail.reference) == ("order_received", customer.email, order.number)


def test_an_order_may_be_paid_for_the_configured_time_from_now_on():
    order = buy((make_variant(), 1)).order

    assert order.expires_at - order.created_at == timedelta(minutes=settings.PAYMENT_WINDOW_MINUTES)
    assert abs(order.created_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_the_number_has_the_date_in_java_and_six_letters_that_nobody_mistakes():
    late_evening_utc = datetime(2026, 3, 4, 17, 30, tzinfo=UTC)

    assert re.fullmatch(r"ORD-20260305-[2-9A-HJ-NP-Z]{6}", place.new_number(late_evening_utc))


def test_a_number_that_is_taken_is_replaced_by_another(monkeypatch):
    customer, variant = make_customer(), make_variant()
    first = buy((variant, 1), customer=customer).order
    letters = iter(f"{first.number[-6:]}ZZZZZZ")
    monkeypatch.setattr("orders.services.place.secrets.choice", lambda alphabet: next(letters))

    second = buy((variant, 1), customer=customer).order

    assert second.number == f"{first.number[:-6]}ZZZZZZ"


def test_a_guest_s_order_goes_to_the_address_he_typed():
    guest = User.objects.create_guest()

    order = buy((make_variant(), 1), customer=guest, email="tamu@example.com").order

    assert (order.user, order.email) == (guest, "tamu@example.com")
    assert OutgoingMail.objects.get().to == "tamu@example.com"


def test_a_product_with_one_variant_may_be_named_alone():
    variant = make_variant()
    request = replace(order_request(), lines=(OrderLine(quantity=1, product_id=variant.product_id),))

    order = place_order(customer=make_customer(), request=request).order

    assert OrderItem.objects.get(order=order).variant == variant


def test_a_product_with_one_variant_left_on_sale_may_be_named_alone():
    left = make_variant()
    gone = make_variant(product=left.product)
    Variant.objects.filter(pk=gone.pk).update(is_active=False)
    request = replace(order_request(), lines=(OrderLine(quantity=1, product_id=left.product_id),))

    order = place_order(customer=make_customer(), request=request).order

    assert OrderItem.objects.get(order=order).variant == left


# --- the order of locks --------------------------------------------------------------------------------------------


def test_the_customer_is_locked_first_and_the_stock_is_taken_last_of_all():
    customer, request = make_customer(), order_request((make_variant(), 1))

    with CaptureQueriesContext(connection) as queries:
        place_order(customer=customer, request=request, key="k")

    statements = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
    locks = [re.search(r'FROM "(\w+)"', sql) for sql in statements if "FOR NO KEY UPDATE" in sql]
    assert [found and found[1] for found in locks[:-1]] == ["shop_user"]
    assert "UPDATE shop_variant" in statements[-1]
    assert not any(re.search(r"FOR (UPDATE|SHARE|KEY SHARE)", sql) for sql in statements)


# --- stock ---------------------------------------------------------------------------------------------------------


def test_one_line_that_is_short_refuses_the_whole_order():
    there, short = make_variant(on_hand=5), make_variant(on_hand=1)

    error = refused(InsufficientStockError, (there, 1), (short, 2))

    assert [(line.variant_id, line.available, line.wanted) for line in error.lines] == [(short.pk, 1, 2)]


def test_every_short_line_is_named_at_once():
    variants = [make_variant(on_hand=1) for _ in range(3)]

    error = refused(InsufficientStockError, *((variant, 2) for variant in variants))

    assert {line.variant_id for line in error.lines} == {variant.pk for variant in variants}
    assert error.extra()["items"][0] == {
        "variantId": str(error.lines[0].variant_id),
        "sku": error.lines[0].sku,
        "name": error.lines[0].name,
        "availableStock": 1,
        "requestedQuantity": 2,
    }


def test_two_lines_of_one_variant_are_summed_before_the_stock_is_checked():
    variant = make_variant(on_hand=3)

    error = refused(InsufficientStockError, (variant, 2), (variant, 2))

    assert [(line.available, line.wanted) for line in error.lines] == [(3, 4)]


def test_two_lines_of_one_variant_that_the_stock_covers_become_one():
    variant = make_variant(on_hand=4)

    order = buy((variant, 2), (variant, 2)).order

    assert [(item.variant, item.quantity) for item in order.items.all()] == [(variant, 4)]


def test_a_variant_named_once_by_its_product_and_once_by_itself_is_summed_too():
    variant = make_variant(on_hand=3)
    lines = (OrderLine(quantity=2, product_id=variant.product_id), OrderLine(quantity=2, variant_id=variant.pk))

    error = refused(InsufficientStockError, request=replace(order_request(), lines=lines))

    assert error.lines[0].wanted == 4


def test_what_others_hold_is_not_available():
    variant = make_variant(on_hand=3)
    buy((variant, 2))

    error = refused(InsufficientStockError, (variant, 2))

    assert error.lines[0].available == 1


# --- what is asked for ---------------------------------------------------------------------------------------------


def test_ninety_nine_units_of_one_thing_may_be_ordered_over_several_lines_but_no_more():
    variant = make_variant(on_hand=500, weight=100)

    error = refused(InvalidInputError, (variant, 50), (variant, 50))

    assert error.field == "items[1].quantity"
    assert buy((variant, 50), (variant, 49)).order.items.get().quantity == 99


def test_fifty_different_things_may_be_ordered_but_no_more():
    variants = [make_variant(on_hand=5) for _ in range(51)]

    error = refused(InvalidInputError, *((variant, 1) for variant in variants))

    assert error.field == "items"
    assert buy(*((variant, 1) for variant in variants[:50])).order.items.count() == 50


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (OrderLine(quantity=1, variant_id=2**40), "items[0].variantId"),
        (OrderLine(quantity=1, product_id=2**40), "items[0].productId"),
        (OrderLine(quantity=1, variant_id=-1), "items[0].variantId"),
        (OrderLine(quantity=1, variant_id=2**63), "items[0].variantId"),
        (OrderLine(quantity=1, product_id=2**63), "items[0].productId"),
    ],
)
def test_a_thing_that_does_not_exist_is_refused_by_its_field(line, field):
    request = replace(order_request(), lines=(line,))

    error = refused(InvalidInputError, request=request)

    assert error.field == field


def test_a_variant_of_another_product_is_refused():
    variant, other = make_variant(), make_variant()
    line = OrderLine(quantity=1, product_id=other.product_id, variant_id=variant.pk)

    error = refused(InvalidInputError, request=replace(order_request(), lines=(line,)))

    assert error.field == "items[0].variantId"


def test_a_product_with_several_variants_needs_one_named():
    variant = make_variant()
    make_variant(product=variant.product)
    request = replace(order_request(), lines=(OrderLine(quantity=1, product_id=variant.product_id),))

    error = refused(InvalidInputError, request=request)

    assert error.field == "items[0].variantId"


def test_a_variant_or_product_that_is_no_longer_sold_is_refused():
    variant = make_variant()

    Variant.objects.update(is_active=False)
    refused(VariantNotForSaleError, (variant, 1))

    Variant.objects.update(is_active=True)
    Product.objects.update(is_active=False)
    refused(VariantNotForSaleError, (variant, 1))


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb", "a\x00b"])
def test_a_key_that_cannot_be_kept_is_refused(key):
    error = refused(InvalidInputError, (make_variant(), 1), key=key)

    assert error.field == "idempotencyKey"


@pytest.mark.parametrize("key", ["x", "x" * 255, "kunci ñ 鍵"])
def test_any_other_key_is_kept_as_it_is(key):
    assert buy((make_variant(), 1), key=key).order.idempotency_key == key


def test_somebody_else_s_address_is_not_found():
    address = add_address(user=make_customer(), data=ADDRESS)
    request = replace(order_request((make_variant(), 1)), address=None, address_id=address.pk)

    error = refused(NotFoundError, request=request)

    assert error.status == 404


@pytest.mark.parametrize("address_id", [-1, 2**40, 2**63])
def test_an_address_that_does_not_exist_is_not_found(address_id):
    request = replace(order_request((make_variant(), 1)), address=None, address_id=address_id)

    refused(NotFoundError, request=request)


def test_an_order_without_any_e_mail_is_refused():
    error = refused(InvalidInputError, (make_variant(), 1), customer=User.objects.create_guest())

    assert error.field == "email"


def test_an_address_that_nobody_delivers_to_is_refused():
    request = order_request((make_variant(), 1), address=replace(ADDRESS, province="ATLANTIS"))

    refused(CannotDeliverError, request=request)


def test_a_parcel_that_nobody_carries_is_refused():
    refused(CannotDeliverError, (make_variant(weight=1_000, on_hand=99), 31))


def test_a_shipping_method_that_does_not_exist_is_refused():
    refused(CannotDeliverError, (make_variant(), 1), shipping_method="merpati-pos")


def test_a_total_other_than_the_one_on_the_button_is_shown_again_instead_of_charged():
    variant = make_variant(price=100_000)

    error = refused(PriceChangedError, (variant, 1), expected_total=112_001)

    assert error.context == {"expected": 112_001, "total": 112_000}
    assert buy((variant, 1), expected_total=112_000).order.total == 112_000


def test_a_closed_shop_takes_no_order():
    variant = make_variant()
    close_shop(reason="stok opname")

    error = refused(ShopClosedError, (variant, 1))

    assert error.context == {"reason": "stok opname"}


# --- not too many unpaid -------------------------------------------------------------------------------------------


@pytest.fixture
def at_most_two(settings: Any) -> None:
    settings.MAX_UNPAID_ORDERS = 2


def guest(email: str) -> dict[str, Any]:
    return {"customer": User.objects.create_guest(), "email": email}


def test_ten_unpaid_orders_are_allowed_by_default():
    assert settings.MAX_UNPAID_ORDERS == 10


@pytest.mark.usefixtures("at_most_two")
def test_one_customer_has_a_number_of_unpaid_orders_at_most():
    customer, variant = make_customer(), make_variant()
    buy((variant, 1), customer=customer, email="satu@example.com")
    buy((variant, 1), customer=customer, email="dua@example.com")

    error = refused(TooManyUnpaidOrdersError, (variant, 1), customer=customer, email="tiga@example.com")

    assert error.status == 429


@pytest.mark.usefixtures("at_most_two")
def test_one_e_mail_address_has_a_number_of_unpaid_orders_at_most():
    variant = make_variant()
    buy((variant, 1), **guest("sama@example.com"))
    buy((variant, 1), **guest("sama@example.com"))

    refused(TooManyUnpaidOrdersError, (variant, 1), **guest("sama@example.com"))
    buy((variant, 1), **guest("lain@example.com"))


@pytest.mark.usefixtures("at_most_two")
def test_one_telephone_has_a_number_of_unpaid_orders_at_most():
    variant = make_variant()
    buy((variant, 1), address=ADDRESS)
    buy((variant, 1), address=ADDRESS)

    refused(TooManyUnpaidOrdersError, (variant, 1), address=ADDRESS)
    buy((variant, 1), address=replace(ADDRESS, phone="+628999999999"))


@pytest.mark.usefixtures("at_most_two")
def test_orders_that_are_no_longer_unpaid_do_not_count():
    customer, variant = make_customer(), make_variant()
    for _ in range(4):
        order = buy((variant, 1), customer=customer).order
        close_order(order, OrderStatus.CANCELLED, actor="test", reason="batal")

    assert buy((variant, 1), customer=customer).duplicate is False


@pytest.mark.usefixtures("at_most_two")
def test_others_unpaid_orders_do_not_count():
    variant = make_variant()
    for _ in range(4):
        buy((variant, 1))

    assert Order.objects.count() == 4
