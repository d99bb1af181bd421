"""Many customers at the same moment: nothing oversold, nothing twice, no deadlock, no half order."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import F, Sum

from orders.demo import seed_shipping
from orders.errors import CartChangedError, IdempotencyConflictError, OrderBusyError, TooManyUnpaidOrdersError
from orders.models import Order, OrderItem
from orders.services import PlacedOrder, close_order, place, place_order
from orders.states import OrderStatus
from payments.services import start_payment
from shop.errors import InsufficientStockError, ShortLine
from shop.locks import lock_user, lock_variants
from shop.models import Cart, Reservation, User, Variant
from shop.services import stock
from shop.services.cart import add_item, open_cart, set_quantity
from shop.services.stock import holding
from tests.support.races import Outcomes, background, end_session, held_open, race, wait_until_blocked
from tests.support.simulator import Simulator
from tests.support.stock_states import shelf
from tests.support.tables import nothing_written
from tests.support.world import ADDRESS, make_customer, make_variant, order_request

pytestmark = pytest.mark.django_db(transaction=True)

SOON = 20.0
SLOW_ONLY = {"55P03"}  # a lock that took longer than the shop waits: it tries again, and no deadlock was the reason
UNGUARDED_SQL = holding._RESERVE_SQL.replace(" AND v.is_active AND v.on_hand - v.reserved >= wanted.n", "")
assert UNGUARDED_SQL != holding._RESERVE_SQL
# The shop's own statement, except that one buyer locks his rows in id order and another one backwards.
CROSSED_SQL = holding._RESERVE_SQL.replace("ORDER BY v.id", "ORDER BY v.id * (CASE wanted.n WHEN 1 THEN 1 ELSE -1 END)")


@pytest.fixture(autouse=True)
def shipping(transactional_db: None) -> None:
    seed_shipping()


def order_of(*lines: tuple[Variant, int], customer: User | None = None, **fields: Any) -> Callable[..., PlacedOrder]:
    """Return the call that places an order; what belongs to it is made now."""
    return partial(place_order, customer=customer or make_customer(), request=order_request(*lines, **fields))


# --- the last three units ------------------------------------------------------------------------------------------


def fifty_buyers_pay_at_once(variant: Variant) -> Outcomes:
    """Let fifty customers order one unit each, and whoever has an order start to pay it."""

    def buy(place_it: Callable[[], PlacedOrder]) -> Order:
        order = place_it().order
        start_payment(order_id=order.pk)
        return order

    return race([partial(buy, order_of((variant, 1))) for _ in range(50)])


def test_of_fifty_buyers_of_the_last_three_units_three_get_an_order(simulator: Simulator):
    variant = make_variant(on_hand=3)

    outcomes = fifty_buyers_pay_at_once(variant)

    refusals = outcomes.refusals(InsufficientStockError)
    assert (len(outcomes.values), len(refusals)) == (3, 47)
    named = {(line.variant_id, line.sku, line.available, line.wanted) for error in refusals for line in error.lines}
    assert named == {(variant.pk, variant.sku, 0, 1)}
    assert Order.objects.count() == Reservation.objects.count() == 3
    assert shelf(variant) == (3, 3)
    assert set(outcomes.sqlstates) <= SLOW_ONLY
    numbers = {order.number for order in outcomes.values}
    asked_for = [call["order_id"] for call in simulator.requests()]
    assert len(asked_for) == 3
    assert {gateway_id[: len("ORD-20260101-XXXXXX")] for gateway_id in asked_for} == numbers


def test_without_the_guard_those_fifty_would_all_get_an_order(monkeypatch):
    """The control: the same race, the stock condition taken out of the statement, is noticed."""
    monkeypatch.setattr(holding, "_RESERVE_SQL", UNGUARDED_SQL)
    variant = make_variant(on_hand=3)

    outcomes = race([order_of((variant, 1)) for _ in range(50)])

    assert len(outcomes.values) == 50
    variant.refresh_from_db()
    assert variant.available == -47


def test_with_the_guard_in_python_instead_of_in_the_statement_more_than_three_would_get_an_order(monkeypatch):
    """The other control: reading first and writing afterwards is not enough, however careful it looks."""
    everybody_has_read = threading.Barrier(20)

    def read_then_write(*, reference: str, quantities: dict[int, int]) -> None:
        ((pk, wanted),) = quantities.items()
        variant = Variant.objects.get(pk=pk)
        everybody_has_read.wait(SOON)
        if variant.available < wanted:
            raise InsufficientStockError([ShortLine(pk, variant.sku, "", variant.available, wanted)])
        Reservation.objects.create(reference=reference, variant_id=pk, quantity=wanted)
        Variant.objects.filter(pk=pk).update(reserved=F("reserved") + wanted)

    monkeypatch.setattr(stock, "reserve", read_then_write)
    variant = make_variant(on_hand=3)

    outcomes = race([order_of((variant, 1)) for _ in range(20)])

    assert len(outcomes.values) > 3


# --- {A, B} and {B, A} ---------------------------------------------------------------------------------------------


def crossing_buyers(one: Variant, two: Variant, *, buyers: int, turns: int) -> Outcomes:
    """Let buyers order both things again and again, half of them naming them the other way round."""
    customers = [make_customer() for _ in range(buyers)]

    def buy(number: int) -> Counter[str]:
        done: Counter[str] = Counter()
        for _ in range(turns):
            lines = [(one, 1), (two, 1)] if number % 2 else [(two, 2), (one, 2)]
            try:
                order_of(*lines, customer=customers[number])()
                done["placed"] += 1
            except InsufficientStockError:
                done["short"] += 1
        return done

    return race([partial(buy, number) for number in range(buyers)])


def test_crossing_carts_never_deadlock_and_never_make_half_an_order(settings):
    settings.MAX_UNPAID_ORDERS = 1000
    one, two = make_variant(on_hand=100), make_variant(on_hand=90)

    outcomes = crossing_buyers(one, two, buyers=8, turns=15)

    assert outcomes.errors == []
    assert set(outcomes.sqlstates) <= SLOW_ONLY  # no deadlock, not even one that was tried again
    total: Counter[str] = sum(outcomes.values, Counter())
    assert total["placed"] + total["short"] == 120
    assert total["short"] > 0
    assert Order.objects.count() == total["placed"]
    assert OrderItem.objects.count() == Reservation.objects.count() == 2 * total["placed"]
    units = OrderItem.objects.filter(variant=one).aggregate(units=Sum("quantity"))["units"]
    assert shelf(one) == (100, units)
    assert shelf(two) == (90, units)
    assert units in {89, 90}


def two_who_meet_in_the_middle() -> Outcomes:
    """Let two customers want three things, one named forwards and one backwards, and meet at the one in the middle.

    Somebody holds the middle one until both wait: whoever locked the last one first is in the other's way for sure.
    """
    things = [make_variant(on_hand=9) for _ in range(3)]
    forwards = order_of(*((thing, 1) for thing in things))
    backwards = order_of(*((thing, 2) for thing in reversed(things)))

    with held_open(partial(lock_variants, [things[1].pk])) as commit:
        both = background(lambda: race([forwards, backwards]))
        wait_until_blocked(2)
        commit()
        outcomes: Outcomes = both.result(SOON)

    assert outcomes.errors == []
    assert [shelf(thing) for thing in things] == [(9, 3)] * 3
    return outcomes


def test_two_carts_that_meet_in_the_middle_wait_for_each_other_and_never_deadlock():
    assert two_who_meet_in_the_middle().sqlstates == {}


def test_without_one_order_of_locks_two_carts_that_meet_in_the_middle_deadlock(monkeypatch):
    """The control: a statement that locks backwards for one of them is noticed (and survived by trying again)."""
    monkeypatch.setattr(holding, "_RESERVE_SQL", CROSSED_SQL)

    assert two_who_meet_in_the_middle().sqlstates == {"40P01": 1}


def test_crossing_carts_in_the_cart_table_become_one_order_each():
    one, two = make_variant(on_hand=50), make_variant(on_hand=50)
    calls = []
    for number in range(16):
        customer = make_customer()
        cart = open_cart(user=customer, token="")
        lines = [(one, 1), (two, 2)] if number % 2 else [(two, 2), (one, 1)]
        for variant, quantity in lines:
            cart = add_item(cart=cart, variant_id=variant.pk, quantity=quantity)
        calls.append(partial(order_of(*lines, customer=customer), cart=cart, cart_version=cart.version))

    outcomes = race(calls)

    assert outcomes.errors == []
    assert set(outcomes.sqlstates) <= SLOW_ONLY
    assert Cart.objects.filter(status="CONVERTED").count() == Order.objects.count() == 16
    assert (shelf(one), shelf(two)) == ((50, 16), (50, 32))


# --- the same key --------------------------------------------------------------------------------------------------


def test_twenty_times_the_same_key_at_once_make_one_order():
    call = partial(order_of((make_variant(on_hand=50), 1)), key="k")

    outcomes = race([call] * 20)

    assert outcomes.errors == []
    assert len({placed.order.pk for placed in outcomes.values}) == Order.objects.count() == 1
    assert Counter(placed.duplicate for placed in outcomes.values) == {False: 1, True: 19}
    assert Reservation.objects.count() == 1


def test_the_same_key_at_once_on_the_last_unit_at_the_edge_of_the_quota_makes_one_order(settings):
    """Who waited for the first one must find its order before the quota and the stock are looked at."""
    settings.MAX_UNPAID_ORDERS = 1
    call = partial(order_of((make_variant(on_hand=1), 1)), key="k")

    outcomes = race([call] * 10)

    assert outcomes.errors == []
    assert len({placed.order.pk for placed in outcomes.values}) == Order.objects.count() == 1


def test_two_bodies_under_one_key_at_once_make_one_order_and_conflicts():
    customer, variant = make_customer(), make_variant(on_hand=50)
    one = partial(order_of((variant, 1), customer=customer), key="k")
    two = partial(order_of((variant, 2), customer=customer), key="k")

    outcomes = race([one, two] * 5)

    assert len(outcomes.refusals(IdempotencyConflictError)) == 5
    assert len({placed.order.pk for placed in outcomes.values}) == Order.objects.count() == 1
    assert [placed.duplicate for placed in outcomes.values].count(False) == 1


def test_the_same_key_of_twenty_customers_at_once_makes_twenty_orders():
    variant = make_variant(on_hand=50)

    outcomes = race([partial(order_of((variant, 1)), key="k") for _ in range(20)])

    assert [placed.duplicate for placed in outcomes.values] == [False] * 20


# --- the same cart -------------------------------------------------------------------------------------------------


def filled_cart(customer: User, variant: Variant) -> Cart:
    return add_item(cart=open_cart(user=customer, token=""), variant_id=variant.pk, quantity=1)


def test_ten_submits_of_one_cart_under_different_keys_at_once_make_one_order():
    customer, variant = make_customer(), make_variant(on_hand=50)
    call = partial(order_of((variant, 1), customer=customer), cart=filled_cart(customer, variant))

    outcomes = race([partial(call, key=f"k{number}") for number in range(10)])

    assert outcomes.errors == []
    assert len({placed.order.pk for placed in outcomes.values}) == Order.objects.count() == 1
    assert Counter(placed.duplicate for placed in outcomes.values) == {False: 1, True: 9}
    assert shelf(variant) == (50, 1)


def test_a_cart_that_is_edited_while_it_is_submitted_is_either_ordered_as_seen_or_shown_again():
    for _ in range(5):
        customer, variant = make_customer(), make_variant(on_hand=50)
        cart = filled_cart(customer, variant)
        submit = partial(order_of((variant, 1), customer=customer), cart=cart, cart_version=cart.version)
        edit = partial(set_quantity, cart=cart, variant_id=variant.pk, quantity=7)

        submitted, edited = race([submit, edit])

        cart.refresh_from_db()
        if submitted.error is None:
            assert cart.status == "CONVERTED"
            assert edited.error is not None
        else:
            assert isinstance(submitted.error, CartChangedError)
            assert edited.error is None
            assert cart.status == "OPEN"


# --- the quota -----------------------------------------------------------------------------------------------------


def assert_ten_of_twenty(calls: list[Callable[[], PlacedOrder]]) -> None:
    outcomes = race(calls)

    assert len(outcomes.refusals(TooManyUnpaidOrdersError)) == 10
    assert Order.objects.count() == settings.MAX_UNPAID_ORDERS == 10


def test_twenty_guests_with_one_e_mail_address_at_once_get_ten_orders():
    variant = make_variant(on_hand=50)

    assert_ten_of_twenty(
        [order_of((variant, 1), customer=User.objects.create_guest(), email="sama@example.com") for _ in range(20)],
    )


def test_twenty_guests_with_one_telephone_at_once_get_ten_orders():
    variant = make_variant(on_hand=50)

    assert_ten_of_twenty(
        [
            order_of(
                (variant, 1),
                customer=User.objects.create_guest(),
                email=f"tamu{number}@example.com",
                address=ADDRESS,
            )
            for number in range(20)
        ],
    )


def test_one_customer_who_orders_twenty_times_at_once_gets_ten_orders():
    customer, variant = make_customer(), make_variant(on_hand=50)

    assert_ten_of_twenty(
        [order_of((variant, 1), customer=customer, email=f"alamat{number}@example.com") for number in range(20)],
    )


def test_twenty_members_with_one_telephone_at_once_get_ten_orders():
    variant = make_variant(on_hand=50)

    assert_ten_of_twenty([order_of((variant, 1), address=ADDRESS) for _ in range(20)])


def test_members_and_guests_with_one_telephone_at_once_get_ten_orders_together():
    variant = make_variant(on_hand=50)

    assert_ten_of_twenty(
        [
            order_of((variant, 1), address=ADDRESS)
            if number % 2
            else order_of(
                (variant, 1),
                customer=User.objects.create_guest(),
                email=f"tamu{number}@example.com",
                address=ADDRESS,
            )
            for number in range(20)
        ],
    )


# --- waiting -------------------------------------------------------------------------------------------------------


def test_a_buyer_who_waited_for_a_cancelled_order_s_units_gets_them():
    variant = make_variant(on_hand=1)
    first = order_of((variant, 1))().order

    with held_open(lambda: close_order(first, OrderStatus.CANCELLED, actor="test", reason="batal")) as commit:
        waiting = background(order_of((variant, 1)))
        wait_until_blocked()
        commit()
        second = waiting.result(SOON).order

    assert Reservation.objects.get(reference=second.number).state == "HELD"
    assert shelf(variant) == (1, 1)


def with_short_waits(call: Callable[[], Any], milliseconds: int) -> Callable[[], Any]:
    """Let a thread wait less for each lock than the shop's three seconds, and nothing else be different."""

    def run() -> Any:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{milliseconds}ms'")
        return call()

    return run


def test_a_lock_that_is_had_at_the_second_try_makes_the_order():
    variant, customer = make_variant(), make_customer()
    gave_up = threading.Event()
    call = telling(gave_up, order_of((variant, 1), customer=customer))

    with held_open(lambda: lock_user(customer.pk)) as commit:
        waiting = background(with_short_waits(call, 200))
        assert gave_up.wait(SOON)
        commit()
        assert waiting.result(SOON).duplicate is False


def telling(failed: threading.Event, call: Callable[[], Any]) -> Callable[[], Any]:
    """Let a thread tell when one of its statements has failed."""

    def tell(execute: Callable[..., Any], *statement: Any) -> Any:
        try:
            return execute(*statement)
        except DatabaseError:
            failed.set()
            raise

    def run() -> Any:
        with connection.execute_wrapper(tell):
            return call()

    return run


@pytest.mark.parametrize("what", ["customer", "stock"])
def test_a_lock_that_is_never_had_is_a_clear_refusal_within_the_budget(monkeypatch, what):
    monkeypatch.setattr(place, "BUDGET_S", 1.0)
    variant, customer = make_variant(), make_customer()
    call = with_short_waits(order_of((variant, 1), customer=customer), 400)
    lock = partial(lock_user, customer.pk) if what == "customer" else partial(lock_variants, [variant.pk])

    with held_open(lock), nothing_written():
        started = time.monotonic()
        with pytest.raises(OrderBusyError) as refused:
            background(call).result(SOON)
        took = time.monotonic() - started

    assert refused.value.extra() == {"retryAfter": 2}
    assert 0.8 < took < 3


@pytest.mark.chaos
def test_with_the_shop_s_own_limits_a_lock_that_is_never_had_costs_eight_seconds():
    variant, customer = make_variant(), make_customer()
    assert place.BUDGET_S == 8.0

    with held_open(lambda: lock_user(customer.pk)):
        started = time.monotonic()
        with pytest.raises(OrderBusyError):
            background(order_of((variant, 1), customer=customer)).result(SOON)
        took = time.monotonic() - started

    assert took < 8.9  # without the last try cut short: more than nine


def test_a_buyer_whose_session_is_ended_while_he_waits_gets_one_order_all_the_same():
    variant = make_variant(on_hand=5)

    with held_open(lambda: lock_variants([variant.pk])) as commit:
        waiting = background(order_of((variant, 1)))
        (pid,) = wait_until_blocked()
        end_session(pid)
        (other,) = wait_until_blocked()
        assert other != pid
        commit()
        placed = waiting.result(SOON)

    assert placed.duplicate is False
    assert Order.objects.get() == placed.order
    assert shelf(variant) == (5, 1)
