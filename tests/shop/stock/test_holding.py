"""Stock that is set aside for an order, and given back."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from config.database import violated_constraint
from shop.errors import InsufficientStockError
from shop.models import Reservation, Variant
from shop.services import stock
from tests.support.stock_states import HELD, RELEASED, hold, ledger, shelf, short, sold, state
from tests.support.tables import nothing_written
from tests.support.world import make_variant

pytestmark = pytest.mark.django_db


# --- reserve -------------------------------------------------------------------------------------------------------


def test_reserving_takes_from_what_is_available_and_nothing_from_the_shelf():
    variant = make_variant(on_hand=5)

    hold("R", (variant, 3))

    assert shelf(variant) == (5, 3)
    assert state("R") == HELD
    assert ledger(variant) == [("RECEIVE", 5, 5)]


def test_the_last_unit_can_be_reserved():
    variant = make_variant(on_hand=5)

    hold("R", (variant, 5))

    assert shelf(variant) == (5, 5)


def test_one_unit_more_than_available_is_refused_with_the_line_the_available_and_the_wanted():
    variant = make_variant(on_hand=5)
    hold("earlier", (variant, 2))

    with nothing_written(), pytest.raises(InsufficientStockError) as refused:
        hold("R", (variant, 4))

    (line,) = refused.value.lines
    assert (line.variant_id, line.sku, line.name) == (variant.pk, variant.sku, variant.product.name)
    assert (line.available, line.wanted) == (3, 4)
    assert str(refused.value) == "Stok tidak mencukupi. Tersedia: 3, diminta: 4"


def test_every_short_line_is_named_and_none_that_is_covered():
    enough, little, none = make_variant(on_hand=9), make_variant(on_hand=1), make_variant(on_hand=0)

    with nothing_written(), pytest.raises(InsufficientStockError) as refused:
        hold("R", (none, 1), (enough, 9), (little, 2))

    assert {(line.variant_id, line.available, line.wanted) for line in refused.value.lines} == {
        (little.pk, 1, 2),
        (none.pk, 0, 1),
    }


def test_available_is_never_named_below_zero():
    variant = make_variant(on_hand=5)
    hold("earlier", (variant, 5))
    stock.adjust(variant_id=variant.pk, delta=-3, reason="rusak", actor="test")

    with pytest.raises(InsufficientStockError) as refused:
        hold("R", (variant, 1))

    assert refused.value.lines[0].available == 0


def test_a_variant_that_is_no_longer_sold_counts_as_empty():
    variant = make_variant(on_hand=5)
    Variant.objects.filter(pk=variant.pk).update(is_active=False)

    with nothing_written(), pytest.raises(InsufficientStockError) as refused:
        hold("R", (variant, 1))

    assert refused.value.lines[0].available == 0


def test_a_variant_that_does_not_exist_is_refused_as_empty():
    with nothing_written(), pytest.raises(InsufficientStockError) as refused, transaction.atomic():
        stock.reserve(reference="R", quantities={2**40: 1})

    assert (refused.value.lines[0].variant_id, refused.value.lines[0].available) == (2**40, 0)


def test_one_reference_never_holds_a_variant_twice():
    variant = make_variant(on_hand=5)
    hold("R", (variant, 1))

    with nothing_written(), pytest.raises(IntegrityError) as refused:
        hold("R", (variant, 1))

    assert violated_constraint(refused.value) == "reservation_one_live_per_reference_and_variant"


def test_what_was_released_can_be_reserved_again_for_the_same_reference():
    variant = make_variant(on_hand=5)
    hold("R", (variant, 5))
    stock.release(reference="R")

    hold("R", (variant, 5))

    assert shelf(variant) == (5, 5)
    assert sorted(Reservation.objects.values_list("state", flat=True)) == [HELD, RELEASED]


# --- release -------------------------------------------------------------------------------------------------------


def test_releasing_gives_back_every_line():
    one, two = make_variant(on_hand=5), make_variant(on_hand=5)
    hold("R", (one, 2), (two, 3))

    assert stock.release(reference="R") == 2

    assert (shelf(one), shelf(two)) == ((5, 0), (5, 0))
    assert set(Reservation.objects.values_list("state", flat=True)) == {RELEASED}


def test_releasing_again_changes_nothing():
    variant = make_variant(on_hand=5)
    hold("R", (variant, 2))
    stock.release(reference="R")

    with nothing_written():
        assert stock.release(reference="R") == 0


def test_releasing_a_short_line_gives_back_what_it_reserved():
    variant = make_variant(on_hand=5)
    short("R", (variant, 5))
    assert shelf(variant) == (0, 5)

    stock.release(reference="R")

    assert shelf(variant) == (0, 0)


def test_releasing_leaves_what_was_sold_alone():
    variant = make_variant(on_hand=5)
    sold("R", (variant, 2))

    with nothing_written():
        assert stock.release(reference="R") == 0


def test_releasing_leaves_other_references_alone():
    variant = make_variant(on_hand=5)
    hold("R", (variant, 2))
    hold("other", (variant, 3))

    stock.release(reference="R")

    assert shelf(variant) == (5, 3)
    assert state("other") == HELD
