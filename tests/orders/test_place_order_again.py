"""The same order asked for again: one order for ever, whatever changed meanwhile; another body is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from orders.demo import seed_shipping
from orders.errors import IdempotencyConflictError
from orders.models import Order, ShippingMethod, ShippingRate
from orders.services import OrderLine, OrderRequest, close_order, place_order
from orders.states import OrderStatus
from shop.models import Address, Product, User, Variant
from shop.services.account import add_address
from shop.services.site import close_shop
from tests.support.tables import nothing_written
from tests.support.world import ADDRESS, make_customer, make_variant, order_request

pytestmark = pytest.mark.django_db

KEY = "a-key"


@pytest.fixture
def customer() -> User:
    return make_customer()


@pytest.fixture
def variant() -> Variant:
    return make_variant(on_hand=5)


@pytest.fixture
def request_(customer: User, variant: Variant) -> OrderRequest:
    """A request to a saved address, naming every field that there is."""
    seed_shipping()
    address = add_address(user=customer, data=ADDRESS)
    line = OrderLine(quantity=2, product_id=variant.product_id, variant_id=variant.pk)
    return OrderRequest(
        lines=(line,),
        address_id=address.pk,
        email=customer.email or "",
        shipping_method="jne-reg",
        note="titip",
    )


@pytest.fixture
def first(customer: User, request_: OrderRequest) -> Order:
    placed = place_order(customer=customer, request=request_, key=KEY)
    assert placed.duplicate is False
    return placed.order


def test_the_same_request_with_the_same_key_answers_the_same_order(customer, request_, first):
    with nothing_written():
        again = place_order(customer=customer, request=request_, key=KEY)

    assert (again.order, again.duplicate) == (first, True)


def test_another_key_makes_another_order(customer, request_, first):
    again = place_order(customer=customer, request=request_, key="another")

    assert again.duplicate is False
    assert again.order != first


def test_without_a_key_every_request_makes_an_order(customer, request_):
    orders = {place_order(customer=customer, request=request_).order for _ in range(2)}

    assert len(orders) == 2
    assert len({order.idempotency_key for order in orders}) == 2


@pytest.mark.parametrize("older_first", [True, False])
def test_the_same_key_of_another_customer_makes_an_order_of_his_own(older_first):
    seed_shipping()
    request = order_request((make_variant(), 1))
    older, younger = make_customer(), make_customer()

    first, second = (older, younger) if older_first else (younger, older)
    placed = [place_order(customer=customer, request=request, key=KEY) for customer in (first, second)]

    assert [one.duplicate for one in placed] == [False, False]
    assert [one.order.user for one in placed] == [first, second]


# --- whatever changed meanwhile ------------------------------------------------------------------------------------


def prices_rise(order: Order) -> None:
    Variant.objects.update(price=999_999)


def shipping_gets_dearer(order: Order) -> None:
    ShippingRate.objects.update(first_kg=99_000)


def the_service_ends(order: Order) -> None:
    ShippingMethod.objects.update(is_active=False)


def the_address_is_deleted(order: Order) -> None:
    Address.objects.all().delete()


def the_stock_goes(order: Order) -> None:
    seller = make_customer()
    variant = order.items.get().variant
    place_order(customer=seller, request=order_request((variant, 3)))


def the_variant_ends(order: Order) -> None:
    Variant.objects.update(is_active=False)


def the_product_ends(order: Order) -> None:
    Product.objects.update(is_active=False)


def the_product_gets_a_second_variant(order: Order) -> None:
    make_variant(product=order.items.get().variant.product)


def the_shop_closes(order: Order) -> None:
    close_shop(reason="libur")


def the_order_is_cancelled(order: Order) -> None:
    close_order(order, OrderStatus.CANCELLED, actor="test", reason="batal")


def the_customer_reaches_his_quota(order: Order) -> None:
    for _ in range(2):
        place_order(customer=order.user, request=order_request((make_variant(), 1)))


CHANGES = [
    prices_rise,
    shipping_gets_dearer,
    the_service_ends,
    the_address_is_deleted,
    the_stock_goes,
    the_variant_ends,
    the_product_ends,
    the_product_gets_a_second_variant,
    the_shop_closes,
    the_order_is_cancelled,
    the_customer_reaches_his_quota,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_repetition_answers_the_first_order_although(
    change: Callable[[Order], None],
    customer,
    request_,
    first,
    settings,
):
    settings.MAX_UNPAID_ORDERS = 3
    change(first)

    with nothing_written():
        again = place_order(customer=customer, request=request_, key=KEY)

    assert (again.order, again.duplicate) == (first, True)


def test_a_repetition_answers_the_first_order_for_ever(customer, request_, first):
    with time_machine.travel(timezone.now() + timedelta(days=3650)):
        again = place_order(customer=customer, request=request_, key=KEY)

    assert (again.order, again.duplicate) == (first, True)


def test_a_repetition_with_another_total_on_the_button_is_still_the_first_order(customer, request_, first):
    again = place_order(customer=customer, request=replace(request_, expected_total=1), key=KEY)

    assert again.order == first


# --- what is compared ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "leave_out",
    [
        {"shipping_method": None},
        {"email": ""},
        {"address_id": None},
        {"note": ""},
        {"shipping_method": None, "email": "", "address_id": None, "note": ""},
    ],
    ids="+".join,
)
def test_a_field_that_the_repetition_leaves_out_is_not_compared(leave_out: dict[str, Any], customer, request_, first):
    again = place_order(customer=customer, request=replace(request_, **leave_out), key=KEY)

    assert (again.order, again.duplicate) == (first, True)


def test_lines_may_be_split_and_name_only_the_product(customer, variant, request_, first):
    lines = (OrderLine(quantity=1, product_id=variant.product_id), OrderLine(quantity=1, variant_id=variant.pk))

    again = place_order(customer=customer, request=replace(request_, lines=lines), key=KEY)

    assert again.order == first


def test_a_service_that_was_chosen_for_the_customer_may_be_named_in_the_repetition(customer, request_):
    first = place_order(customer=customer, request=replace(request_, shipping_method=None), key=KEY).order

    again = place_order(customer=customer, request=replace(request_, shipping_method=first.shipping_method), key=KEY)

    assert again.order == first


@pytest.mark.parametrize(
    "other",
    [
        {"lines": (OrderLine(quantity=2, variant_id=2**40),)},
        {"address_id": 2**40},
        {"address_id": None, "address": ADDRESS},
        {"email": "lain@example.com"},
        {"shipping_method": "sicepat-best"},
    ],
    ids="+".join,
)
def test_another_body_under_the_same_key_is_a_conflict_and_writes_nothing(other, customer, request_, first):
    with nothing_written(), pytest.raises(IdempotencyConflictError) as refused:
        place_order(customer=customer, request=replace(request_, **other), key=KEY)

    assert (refused.value.status, refused.value.context) == (422, {"order": first.number})


def test_another_quantity_under_the_same_key_is_a_conflict(customer, variant, request_, first):
    line = OrderLine(quantity=3, variant_id=variant.pk)

    with nothing_written(), pytest.raises(IdempotencyConflictError):
        place_order(customer=customer, request=replace(request_, lines=(line,)), key=KEY)


def test_a_request_that_was_refused_may_be_repeated_under_its_key_once_it_can_be_had(customer, request_):
    Variant.objects.update(is_active=False)
    with pytest.raises(Exception, match="tidak lagi dijual"):
        place_order(customer=customer, request=request_, key=KEY)
    Variant.objects.update(is_active=True)

    assert place_order(customer=customer, request=request_, key=KEY).duplicate is False
