"""Placing the order of a cart: once per cart, and only the cart that its owner has seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.demo import seed_shipping
from orders.errors import CartChangedError, PriceChangedError
from orders.models import Order
from orders.services import OrderRequest, PlacedOrder, place_order
from shop.errors import InsufficientStockError
from shop.models import Cart, CartStatus, User, Variant
from shop.services.cart import add_item, merge_at_login, open_cart, set_quantity
from tests.support.tables import nothing_written
from tests.support.world import make_customer, make_variant, order_request

pytestmark = pytest.mark.django_db


@dataclass
class Checkout:
    """A customer in front of the button."""

    customer: User
    cart: Cart
    variant: Variant
    request: OrderRequest

    def submit(self, *, key: str = "form-1", version: int | None = None, **changes: Any) -> PlacedOrder:
        return place_order(
            customer=self.customer,
            request=replace(self.request, **changes),
            key=key,
            cart=self.cart,
            cart_version=self.cart.version if version is None else version,
        )

    def edit(self, quantity: int) -> None:
        set_quantity(cart=self.cart, variant_id=self.variant.pk, quantity=quantity)


@pytest.fixture
def checkout() -> Checkout:
    seed_shipping()
    customer, variant = make_customer(), make_variant(on_hand=5, price=100_000)
    cart = add_item(cart=open_cart(user=customer, token=""), variant_id=variant.pk, quantity=2)
    return Checkout(customer, cart, variant, order_request((variant, 2)))


def status(cart: Cart) -> str:
    return Cart.objects.get(pk=cart.pk).status


def test_the_cart_becomes_the_order(checkout):
    placed = checkout.submit()

    assert placed.order.cart == checkout.cart
    assert placed.duplicate is False
    assert status(checkout.cart) == CartStatus.CONVERTED


def test_a_second_press_of_the_button_answers_the_same_order(checkout):
    first = checkout.submit()

    with nothing_written():
        again = checkout.submit()

    assert (again.order, again.duplicate) == (first.order, True)


def test_another_key_on_the_same_cart_answers_the_same_order(checkout):
    first = checkout.submit()

    with nothing_written():
        again = checkout.submit(key="form-2")

    assert (again.order, again.duplicate) == (first.order, True)


def test_no_key_at_all_on_the_same_cart_answers_the_same_order(checkout):
    first = checkout.submit()

    again = place_order(customer=checkout.customer, request=checkout.request, cart=checkout.cart)

    assert (again.order, again.duplicate) == (first.order, True)


def test_a_cart_that_was_edited_since_is_shown_again(checkout):
    seen = checkout.cart.version
    checkout.edit(quantity=3)

    with nothing_written(), pytest.raises(CartChangedError) as refused:
        checkout.submit(version=seen)

    assert refused.value.context == {"version": seen + 1}
    assert status(checkout.cart) == CartStatus.OPEN


def test_back_edit_and_submit_again_after_the_order_was_placed_answers_that_order(checkout):
    """The form is older than the order: the cart is no longer a cart, whatever version the page remembers."""
    first = checkout.submit()

    again = checkout.submit(key="form-2", version=checkout.cart.version + 7)

    assert (again.order, again.duplicate) == (first.order, True)


def test_a_cart_that_was_merged_into_another_is_shown_again(checkout):
    visitors = add_item(cart=open_cart(user=None, token=""), variant_id=checkout.variant.pk, quantity=1)
    merge_at_login(user=checkout.customer, token=visitors.token)

    with nothing_written(), pytest.raises(CartChangedError):
        place_order(customer=checkout.customer, request=checkout.request, cart=visitors)


def test_a_price_that_rose_since_is_shown_again_and_the_cart_stays_open(checkout):
    Variant.objects.update(price=120_000)

    with nothing_written(), pytest.raises(PriceChangedError) as refused:
        checkout.submit(expected_total=212_000)

    assert refused.value.context == {"expected": 212_000, "total": 252_000}


def test_a_price_that_fell_since_is_shown_again_too(checkout):
    Variant.objects.update(price=90_000)

    with nothing_written(), pytest.raises(PriceChangedError):
        checkout.submit(expected_total=212_000)


def test_a_cart_that_is_short_of_stock_stays_open_and_can_be_ordered_when_it_was_corrected(checkout):
    place_order(customer=make_customer(), request=order_request((checkout.variant, 4)))
    with nothing_written(), pytest.raises(InsufficientStockError):
        checkout.submit()
    checkout.edit(quantity=1)
    checkout.cart.refresh_from_db()

    placed = checkout.submit(lines=order_request((checkout.variant, 1)).lines)

    assert placed.duplicate is False
    assert Order.objects.filter(cart=checkout.cart).count() == 1


def test_the_cart_is_locked_before_the_customer(checkout):
    with CaptureQueriesContext(connection) as queries:
        checkout.submit()

    locks = [query["sql"] for query in queries if "FOR NO KEY UPDATE" in query["sql"]]
    tables = [sql.split('FROM "')[1].split('"')[0] for sql in locks if 'FROM "' in sql]
    assert tables == ["shop_cart", "shop_user"]
    assert "shop_variant" in locks[-1]
