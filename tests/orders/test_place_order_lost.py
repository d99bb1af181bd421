"""Placing an order while the line to the database breaks: never two orders, never a silent one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from django.db import OperationalError

from config.database import DatabaseConnectionError
from config.models import OutgoingMail
from orders.demo import seed_shipping
from orders.models import Order
from orders.services import PlacedOrder, place_order
from shop.models import Reservation, Variant
from shop.services import stock
from shop.services.cart import add_item, open_cart
from tests.support.pg_proxy import Fault, PostgresProxy, through_proxy
from tests.support.tables import nothing_written
from tests.support.world import make_customer, make_variant, order_request

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def variant(transactional_db: None) -> Variant:
    seed_shipping()
    return make_variant(on_hand=5)


@pytest.fixture
def place(variant: Variant) -> Callable[[], PlacedOrder]:
    """The call that places one order, the same one each time."""
    return partial(place_order, customer=make_customer(), request=order_request((variant, 1)), key="k")


@pytest.fixture
def proxy(place: Callable[[], PlacedOrder]) -> Iterator[PostgresProxy]:
    with through_proxy() as proxy:
        yield proxy


def assert_one_order(variant: Variant) -> None:
    variant.refresh_from_db()
    assert Order.objects.count() == Reservation.objects.count() == OutgoingMail.objects.count() == 1
    assert (variant.on_hand, variant.reserved) == (5, 1)


def test_an_order_whose_commit_was_never_answered_is_found_and_answered(place, variant, proxy):
    proxy.plan(Fault.LOSE_THE_ANSWER)

    placed = place()

    assert placed.duplicate is False
    assert placed.order == Order.objects.get()
    assert proxy.commits == 1
    assert_one_order(variant)


def test_without_a_key_of_the_client_s_own_the_order_is_found_as_well(variant, proxy):
    customer, request = make_customer(), order_request((variant, 1))
    proxy.plan(Fault.LOSE_THE_ANSWER)

    placed = place_order(customer=customer, request=request)

    assert placed.order == Order.objects.get()
    assert_one_order(variant)


def test_a_commit_that_the_server_is_still_busy_with_is_found_or_said_to_be_unknown_and_then_answered(
    place,
    variant,
    proxy,
):
    proxy.plan(Fault.DELAY_THE_COMMIT)

    with pytest.raises(DatabaseConnectionError) as lost:
        place()
    proxy.deliver()

    assert lost.value.outcome_unknown
    again = place()
    assert (again.order, again.duplicate) == (Order.objects.get(), True)
    assert_one_order(variant)


def test_an_order_whose_commit_never_arrived_is_said_to_be_unknown_and_can_be_placed_again(place, variant, proxy):
    proxy.plan(Fault.LOSE_THE_COMMIT)

    with nothing_written(), pytest.raises(DatabaseConnectionError) as lost:
        place()

    assert lost.value.outcome_unknown
    assert place().duplicate is False
    assert_one_order(variant)


def test_the_order_of_a_cart_is_found_too_and_the_cart_makes_no_second_one(variant, proxy):
    customer = make_customer()
    cart = add_item(cart=open_cart(user=customer, token=""), variant_id=variant.pk, quantity=1)
    submit = partial(place_order, customer=customer, request=order_request((variant, 1)), cart=cart)
    proxy.plan(Fault.LOSE_THE_ANSWER)

    first = submit(key="form-1")
    again = submit(key="form-2")

    assert (again.order, again.duplicate) == (first.order, True)
    assert_one_order(variant)


def test_a_line_that_breaks_before_commit_is_replaced_and_one_order_is_placed(place, variant, proxy, monkeypatch):
    """The line breaks as the stock is about to be taken; everything before it is rolled back and done again."""
    reserve, calls = stock.reserve, []

    def break_first(**wanted):
        calls.append(1)
        if len(calls) == 1:
            proxy.break_lines()
        reserve(**wanted)

    monkeypatch.setattr(stock, "reserve", break_first)

    assert place().duplicate is False
    assert len(calls) == 2
    assert_one_order(variant)


def test_a_database_that_is_away_is_said_to_be_away_and_nothing_is_written(place, variant, proxy):
    proxy.refusing = True

    with pytest.raises((DatabaseConnectionError, OperationalError)) as away:
        place()

    assert not getattr(away.value, "outcome_unknown", False)
    proxy.refusing = False
    assert Order.objects.count() == 0
    assert place().duplicate is False
