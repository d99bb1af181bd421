"""The named row locks: FOR NO KEY UPDATE, which children being inserted do not stop, and always in id order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from orders.locks import lock_order, lock_voucher
from orders.models import OrderEvent
from shop.locks import lock_cart, lock_carts, lock_reservations, lock_user, lock_variants
from shop.models import Cart, CartItem, Reservation
from shop.services.account import add_address
from shop.services.cart import open_cart
from tests.support.races import held_open
from tests.support.vouchers import make_voucher
from tests.support.world import ADDRESS, make_customer, make_order, make_variant

Call = Callable[[], object]


def user_and_a_new_address() -> tuple[Call, Call]:
    user = make_customer()
    # Not through the service, which locks the user itself.
    address = add_address(user=user, data=ADDRESS)
    return partial(lock_user, user.pk), partial(copy_of, address)


def cart_and_a_new_line() -> tuple[Call, Call]:
    cart, variant = open_cart(user=make_customer(), token=""), make_variant()
    return partial(lock_cart, cart.pk), partial(
        CartItem.objects.create,
        cart=cart,
        variant=variant,
        quantity=1,
        seen_price=1,
    )


def variant_and_a_new_line_in_a_cart() -> tuple[Call, Call]:
    cart, variant = open_cart(user=make_customer(), token=""), make_variant()
    return partial(lock_variants, [variant.pk]), partial(
        CartItem.objects.create,
        cart=cart,
        variant=variant,
        quantity=1,
        seen_price=1,
    )


def order_and_a_new_event() -> tuple[Call, Call]:
    order = make_order()
    return partial(lock_order, order.pk), partial(OrderEvent.objects.create, order=order, kind="NOTE", actor="test")


def voucher_and_a_new_use() -> tuple[Call, Call]:
    voucher = make_voucher()
    use = make_order(voucher_code=make_voucher().code).voucher_use
    use.pk, use.voucher, use.order = None, voucher, make_order()
    return partial(lock_voucher, voucher.pk), partial(use.save, force_insert=True)


def copy_of(address) -> None:
    address.pk, address.is_default = None, False
    address.save(force_insert=True)


PARENTS = [
    user_and_a_new_address,
    cart_and_a_new_line,
    variant_and_a_new_line_in_a_cart,
    order_and_a_new_event,
    pytest.param(voucher_and_a_new_use, marks=pytest.mark.breaks_laws),  # a use that the service did not write
]


def insert(child: Call) -> None:
    """Insert now, and let the foreign keys take their locks now, not at the commit."""
    child()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def try_at_once(lock: Call) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '300ms'")
        lock()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("parent_and_child", PARENTS, ids=lambda made: made.__name__)
def test_a_child_that_is_being_inserted_does_not_keep_anybody_from_locking_its_parent(parent_and_child):
    lock, child = parent_and_child()

    with held_open(partial(insert, child)):
        try_at_once(lock)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("parent_and_child", PARENTS, ids=lambda made: made.__name__)
def test_a_lock_keeps_everybody_else_from_taking_it(parent_and_child):
    lock, _ = parent_and_child()

    with held_open(lock), pytest.raises(OperationalError, match="lock timeout"):
        try_at_once(lock)


@pytest.mark.django_db(transaction=True)
def test_the_reservations_of_a_reference_are_locked_and_no_others():
    one, two = make_order(), make_order()

    with held_open(partial(lock_reservations, one.number)):
        try_at_once(partial(lock_reservations, two.number))
        with pytest.raises(OperationalError, match="lock timeout"):
            try_at_once(partial(lock_reservations, one.number))


@pytest.mark.django_db
def test_several_rows_are_locked_in_id_order_whatever_order_they_are_named_in():
    variants = [make_variant() for _ in range(3)]
    carts = [open_cart(user=make_customer(), token="") for _ in range(3)]
    for variant in reversed(variants):
        Reservation.objects.create(reference="R", variant=variant, quantity=1, state="RELEASED")

    with CaptureQueriesContext(connection) as queries:
        assert list(lock_variants([variant.pk for variant in reversed(variants)])) == [row.pk for row in variants]
        assert lock_carts([cart.pk for cart in reversed(carts)]) == carts
        assert len(lock_reservations("R")) == 3

    assert all('ORDER BY "shop_' in query["sql"] and "FOR NO KEY UPDATE" in query["sql"] for query in queries)


@pytest.mark.django_db
def test_what_does_not_exist_is_not_locked():
    assert lock_variants([]) == {}
    assert lock_carts([]) == []
    with pytest.raises(Cart.DoesNotExist):
        lock_cart(2**40)
