"""Stock that was set aside and is sold: the shelf, the ledger, and lines that the shelf no longer covers."""

from __future__ import annotations

import pytest

from shop.models import MovementKind, Reservation, StockMovement
from shop.services import stock
from tests.support.stock_states import SHORT, SOLD, hold, shelf, sold, state
from tests.support.tables import nothing_written
from tests.support.world import make_variant

pytestmark = pytest.mark.django_db


def test_selling_takes_the_units_off_the_shelf_and_writes_the_ledger():
    variant = make_variant(on_hand=5)
    hold("R", (variant, 2))

    assert stock.sell(reference="R", actor="midtrans") == []

    assert shelf(variant) == (3, 0)
    assert state("R") == SOLD
    movement = StockMovement.objects.get(kind=MovementKind.SALE)
    assert (movement.delta, movement.balance, movement.actor) == (-2, 3, "midtrans")
    assert movement.reservation == Reservation.objects.get()


def test_selling_again_sells_nothing():
    variant = make_variant(on_hand=5)
    sold("R", (variant, 2))

    with nothing_written():
        assert stock.sell(reference="R", actor="test") == []


def test_selling_after_a_release_sells_nothing():
    variant = make_variant(on_hand=5)
    hold("R", (variant, 2))
    stock.release(reference="R")

    with nothing_written():
        assert stock.sell(reference="R", actor="test") == []


def test_a_line_that_the_shelf_no_longer_covers_becomes_short_and_keeps_its_claim():
    variant = make_variant(on_hand=5)
    hold("R", (variant, 4))
    stock.adjust(variant_id=variant.pk, delta=-2, reason="rusak", actor="test")

    (line,) = stock.sell(reference="R", actor="test")

    assert (line.variant_id, line.quantity) == (variant.pk, 4)
    assert state("R") == SHORT
    assert shelf(variant) == (3, 4)


def test_the_lines_that_are_covered_are_sold_beside_one_that_is_short():
    covered, lost = make_variant(on_hand=5), make_variant(on_hand=5)
    hold("R", (covered, 2), (lost, 2))
    stock.adjust(variant_id=lost.pk, delta=-4, reason="hilang", actor="test")

    stock.sell(reference="R", actor="test")

    assert (state("R", covered), state("R", lost)) == (SOLD, SHORT)
    assert (shelf(covered), shelf(lost)) == ((3, 0), (1, 2))


def test_selling_a_short_line_again_sells_it_once_the_shelf_covers_it():
    variant = make_variant(on_hand=2)
    hold("R", (variant, 2))
    stock.mark_short(reference="R")

    assert stock.sell(reference="R", actor="test") == []

    assert state("R") == SOLD
    assert shelf(variant) == (0, 0)


def test_marking_short_touches_held_lines_only():
    held, already_sold = make_variant(on_hand=5), make_variant(on_hand=5)
    sold("R", (already_sold, 1))
    hold("R", (held, 2))

    stock.mark_short(reference="R")

    assert (state("R", held), state("R", already_sold)) == (SHORT, SOLD)
    assert shelf(held) == (5, 2)
