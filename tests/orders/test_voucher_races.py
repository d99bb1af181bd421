"""Many customers with one voucher at the same moment: never more uses than its limit, no deadlock, no half order."""

from __future__ import annotations

import threading
from collections import Counter
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from orders.demo import seed_shipping
from orders.errors import VoucherRefusedError, VoucherUsedUpError
from orders.locks import lock_order
from orders.models import Order, Voucher, VoucherUse
from orders.services import OrderRequest, close_order, place_order, vouchers
from orders.states import OrderStatus
from shop.models import Reservation, User, Variant
from tests.support.constraints import without
from tests.support.races import Outcomes, race
from tests.support.vouchers import make_voucher
from tests.support.world import make_customer, make_variant, order_request

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 20  # connections at a time; each goes on with the next customer as soon as it is free
SOON = 20.0


def wish(variant: Variant, voucher: Voucher, number: int, **fields: object) -> OrderRequest:
    return order_request((variant, 1), voucher_code=voucher.code, email=f"orang{number}@contoh.id", **fields)


def try_all(variant: Variant, voucher: Voucher, customers: int) -> Outcomes:
    """Let so many customers order with the voucher, AT_ONCE at a time; the outcome of a thread counts its answers."""
    people = User.objects.bulk_create(User(is_guest=True, email=None, password="!") for _ in range(customers))
    wishes = [(person, wish(variant, voucher, number)) for number, person in enumerate(people)]

    def buy(mine: list[tuple[User, OrderRequest]]) -> Counter[str]:
        answers: Counter[str] = Counter()
        for customer, request in mine:
            try:
                place_order(customer=customer, request=request)
                answers["placed"] += 1
            except VoucherUsedUpError:
                answers["used up"] += 1
        return answers

    return race([partial(buy, wishes[start::AT_ONCE]) for start in range(AT_ONCE)])


def test_of_two_hundred_customers_with_a_voucher_for_one_exactly_one_gets_it():
    seed_shipping()
    voucher, variant = make_voucher(total_limit=1), make_variant(on_hand=200)

    outcomes = try_all(variant, voucher, 200)

    assert outcomes.errors == []
    assert sum(outcomes.values, Counter()) == {"placed": 1, "used up": 199}
    assert "40P01" not in outcomes.sqlstates
    voucher.refresh_from_db()
    assert (voucher.used, VoucherUse.objects.count(), Order.objects.count()) == (1, 1, 1)
    assert Reservation.objects.count() == 1  # nobody who was refused holds anything


def read_together(monkeypatch: pytest.MonkeyPatch, readers: int) -> None:
    """Take the lock away: everybody reads the voucher before anybody counts."""
    everybody_has_read = threading.Barrier(readers)

    def only_read(pk: int) -> Voucher:
        voucher = Voucher.objects.get(pk=pk)
        everybody_has_read.wait(SOON)
        return voucher

    monkeypatch.setattr(vouchers, "lock_voucher", only_read)


@pytest.mark.breaks_laws
def test_without_lock_and_constraint_everybody_would_get_it(monkeypatch: pytest.MonkeyPatch):
    """The control: the same race is noticed when nothing guards the limit."""
    seed_shipping()
    voucher, variant = make_voucher(total_limit=1), make_variant(on_hand=20)
    read_together(monkeypatch, AT_ONCE)

    with without("orders_voucher", "voucher_used_within_limit"):
        outcomes = try_all(variant, voucher, AT_ONCE)
        VoucherUse.objects.count()

    assert sum(outcomes.values, Counter()) == {"placed": AT_ONCE}
    assert VoucherUse.objects.count() == AT_ONCE


def test_without_the_lock_the_database_still_refuses_a_second_use(monkeypatch: pytest.MonkeyPatch):
    seed_shipping()
    voucher, variant = make_voucher(total_limit=1), make_variant(on_hand=20)
    read_together(monkeypatch, AT_ONCE)

    outcomes = try_all(variant, voucher, AT_ONCE)

    assert len(outcomes.refusals(IntegrityError)) == AT_ONCE - 1
    assert VoucherUse.objects.count() == Order.objects.count() == 1


def test_one_customer_under_twenty_names_uses_it_once():
    """One mailbox, spelled differently from twenty browsers."""
    seed_shipping()
    voucher, variant = make_voucher(customer_limit=1), make_variant(on_hand=20)
    guests = [User.objects.create_guest() for _ in range(AT_ONCE)]
    requests = [
        order_request((variant, 1), voucher_code=voucher.code, email=f"sari+{n}@contoh.id") for n in range(AT_ONCE)
    ]

    outcomes = race(
        [
            partial(place_order, customer=guest, request=request)
            for guest, request in zip(guests, requests, strict=True)
        ],
    )

    assert len(outcomes.values) == 1
    assert len(outcomes.refusals(VoucherUsedUpError)) == AT_ONCE - 1
    assert VoucherUse.objects.count() == 1


def test_one_key_pressed_twenty_times_uses_it_once():
    seed_shipping()
    voucher, variant, customer = make_voucher(total_limit=5), make_variant(on_hand=20), make_customer()
    request = wish(variant, voucher, 1)

    outcomes = race([partial(place_order, customer=customer, request=request, key="k") for _ in range(AT_ONCE)])

    assert outcomes.errors == []
    assert {placed.order.pk for placed in outcomes.values} == {Order.objects.get().pk}
    voucher.refresh_from_db()
    assert (voucher.used, VoucherUse.objects.count()) == (1, 1)


def test_ordering_and_giving_back_at_once_never_deadlock_and_the_count_is_right():
    seed_shipping()
    voucher, variant = make_voucher(total_limit=3), make_variant(on_hand=50)

    def buy_and_close(number: int) -> int:
        done = 0
        for turn in range(4):
            try:
                placed = place_order(
                    customer=User.objects.create_guest(), request=wish(variant, voucher, number * 9 + turn)
                )
            except VoucherRefusedError:
                continue
            with transaction.atomic():
                close_order(lock_order(placed.order.pk), OrderStatus.CANCELLED, actor="test", reason="uji")
            done += 1
        return done

    outcomes = race([partial(buy_and_close, number) for number in range(8)])

    assert outcomes.errors == []
    assert "40P01" not in outcomes.sqlstates
    voucher.refresh_from_db()
    assert voucher.used == 0
    assert VoucherUse.objects.filter(given_back_at=None).count() == 0
    assert VoucherUse.objects.count() == sum(outcomes.values) >= 3
