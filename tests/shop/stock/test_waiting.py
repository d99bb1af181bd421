"""Lines that were paid for and found the shelf empty: served oldest first when goods come, tried again in between."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from shop.models import Reservation, Variant
from shop.services import stock
from tests.support.stock_states import SHORT, SOLD, hold, ledger, shelf, short, sold, state
from tests.support.tables import nothing_written
from tests.support.world import make_variant

pytestmark = pytest.mark.django_db


# --- short lines wait for goods, oldest first ----------------------------------------------------------------------


def test_goods_that_arrive_are_sold_to_the_waiting_line_in_the_same_transaction():
    variant = make_variant(on_hand=3)
    short("R", (variant, 3))

    stock.receive(variant_id=variant.pk, quantity=5, actor="gudang")

    assert state("R") == SOLD
    assert shelf(variant) == (2, 0)
    assert ledger(variant)[-2:] == [("RECEIVE", 5, 5), ("SALE", -3, 2)]


def test_an_adjustment_upwards_is_sold_to_the_waiting_line_too():
    variant = make_variant(on_hand=3)
    short("R", (variant, 3))

    stock.adjust(variant_id=variant.pk, delta=3, reason="ketemu", actor="gudang")

    assert state("R") == SOLD


def test_an_adjustment_downwards_sells_nothing():
    variant = make_variant(on_hand=5)
    hold("R", (variant, 2))
    stock.mark_short(reference="R")

    stock.adjust(variant_id=variant.pk, delta=-1, reason="rusak", actor="gudang")

    assert state("R") == SHORT


def test_the_oldest_line_is_sold_first():
    variant = make_variant(on_hand=4)
    hold("older", (variant, 2))
    hold("younger", (variant, 2))
    stock.adjust(variant_id=variant.pk, delta=-4, reason="hilang", actor="test")
    stock.sell(reference="younger", actor="test")
    stock.sell(reference="older", actor="test")

    stock.receive(variant_id=variant.pk, quantity=2, actor="gudang")

    assert (state("older"), state("younger")) == (SOLD, SHORT)


def test_a_small_line_does_not_overtake_an_older_large_one():
    variant = make_variant(on_hand=4)
    hold("large", (variant, 3))
    hold("small", (variant, 1))
    stock.adjust(variant_id=variant.pk, delta=-4, reason="hilang", actor="test")
    stock.sell(reference="large", actor="test")
    stock.sell(reference="small", actor="test")

    stock.receive(variant_id=variant.pk, quantity=2, actor="gudang")

    assert (state("large"), state("small")) == (SHORT, SHORT)
    assert shelf(variant) == (2, 4)


def test_one_delivery_serves_several_waiting_lines():
    variant = make_variant(on_hand=4)
    hold("older", (variant, 3))
    hold("younger", (variant, 1))
    stock.adjust(variant_id=variant.pk, delta=-4, reason="hilang", actor="test")
    stock.sell(reference="older", actor="test")
    stock.sell(reference="younger", actor="test")

    stock.receive(variant_id=variant.pk, quantity=4, actor="gudang")

    assert (state("older"), state("younger")) == (SOLD, SOLD)
    assert shelf(variant) == (0, 0)


def test_goods_of_another_variant_serve_nobody_here():
    variant, other = make_variant(on_hand=1), make_variant(on_hand=1)
    short("R", (variant, 1))

    stock.receive(variant_id=other.pk, quantity=5, actor="gudang")

    assert state("R") == SHORT


def test_goods_that_come_back_are_sold_to_the_waiting_line():
    variant = make_variant(on_hand=2)
    sold("cancelled", (variant, 1))
    short("waiting", (variant, 1))

    stock.return_sold(reference="cancelled", actor="test", reason="batal")

    assert state("waiting") == SOLD
    assert shelf(variant) == (0, 0)


# --- short lines are tried again -----------------------------------------------------------------------------------


def waiting_without_cause(reference: str, variant: Variant, quantity: int = 1) -> None:
    """Leave a line SHORT that the shelf covers: a lock, not the stock, was the trouble."""
    hold(reference, (variant, quantity))
    stock.mark_short(reference=reference)


def test_a_line_is_not_tried_again_before_its_time():
    waiting_without_cause("R", make_variant(on_hand=5))

    with nothing_written():
        assert stock.retry_short() == 0


def test_a_line_that_is_covered_by_now_is_sold_when_its_time_has_come():
    variant = make_variant(on_hand=5)
    waiting_without_cause("R", variant, 2)

    with time_machine.travel(timezone.now() + timedelta(minutes=1, seconds=1)):
        assert stock.retry_short() == 1

    assert state("R") == SOLD
    assert shelf(variant) == (3, 0)


def test_the_wait_grows_with_each_try_and_after_the_fifth_nobody_tries_again():
    variant = make_variant(on_hand=1)
    clock = time_machine.travel(timezone.now(), tick=False)
    with clock as now:
        short("R", (variant, 1))
        waits = []
        while (line := Reservation.objects.get(reference="R")).attempts < stock.SHORT_MAX_ATTEMPTS:
            assert line.next_attempt_at is not None
            waits.append(line.next_attempt_at - timezone.now())
            now.move_to(line.next_attempt_at)
            assert stock.retry_short() == 0
        now.shift(timedelta(days=30))

        with nothing_written():
            assert stock.retry_short() == 0

    assert [wait.total_seconds() / 60 for wait in waits] == [1, 5, 15, 60]


def test_a_line_that_nobody_tries_again_is_still_sold_when_goods_arrive():
    variant = make_variant(on_hand=1)
    short("R", (variant, 1))
    Reservation.objects.update(attempts=stock.SHORT_MAX_ATTEMPTS)

    stock.receive(variant_id=variant.pk, quantity=1, actor="gudang")

    assert state("R") == SOLD


def test_a_line_that_nobody_tries_again_waits_for_a_person_even_if_it_could_be_sold_by_now():
    variant = make_variant(on_hand=2)
    waiting_without_cause("R", variant)
    Reservation.objects.update(attempts=stock.SHORT_MAX_ATTEMPTS)

    with time_machine.travel(timezone.now() + timedelta(days=1)), nothing_written():
        assert stock.retry_short() == 0


def test_a_line_that_nobody_tries_again_counts_no_further_tries_of_its_neighbours():
    variant = make_variant(on_hand=2)
    hold("exhausted", (variant, 1))
    hold("younger", (variant, 1))
    stock.adjust(variant_id=variant.pk, delta=-2, reason="hilang", actor="test")
    stock.sell(reference="exhausted", actor="test")
    stock.sell(reference="younger", actor="test")
    Reservation.objects.filter(reference="exhausted").update(attempts=stock.SHORT_MAX_ATTEMPTS)

    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        stock.retry_short()

    assert Reservation.objects.get(reference="exhausted").attempts == stock.SHORT_MAX_ATTEMPTS
    assert Reservation.objects.get(reference="younger").attempts == 2


def test_a_sold_line_has_no_next_try():
    variant = make_variant(on_hand=1)
    short("R", (variant, 1))

    stock.receive(variant_id=variant.pk, quantity=1, actor="gudang")

    assert Reservation.objects.get().next_attempt_at is None
