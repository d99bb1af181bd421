"""Goods that come back: of a cancelled order, or in a parcel that a customer sent."""

from __future__ import annotations

import pytest
from django.db import transaction

from shop.errors import StockRuleError
from shop.models import StockMovement
from shop.services import stock
from tests.support.stock_states import RELEASED, SOLD, back, hold, shelf, short, sold, state
from tests.support.tables import nothing_written
from tests.support.world import make_variant

pytestmark = pytest.mark.django_db


# --- return_sold ---------------------------------------------------------------------------------------------------


def test_a_cancelled_order_s_goods_come_back_once():
    one, two = make_variant(on_hand=5), make_variant(on_hand=5)
    sold("R", (one, 2), (two, 3))

    assert stock.return_sold(reference="R", actor="owner", reason="dibatalkan") == 2

    assert (shelf(one), shelf(two)) == ((5, 0), (5, 0))
    with nothing_written():
        assert stock.return_sold(reference="R", actor="owner", reason="dibatalkan") == 0


def test_what_was_not_sold_yet_is_released_not_returned():
    held, waiting, gone = make_variant(on_hand=5), make_variant(on_hand=5), make_variant(on_hand=5)
    sold("R", (gone, 1))
    short("R", (waiting, 1))
    hold("R", (held, 1))

    assert stock.return_sold(reference="R", actor="owner", reason="dibatalkan") == 1

    assert (shelf(held), shelf(waiting), shelf(gone)) == ((5, 0), (0, 0), (5, 0))
    assert (state("R", held), state("R", waiting), state("R", gone)) == (RELEASED, RELEASED, SOLD)


# --- receive_return ------------------------------------------------------------------------------------------------


def test_goods_that_a_customer_sent_back_go_onto_the_shelf():
    variant = make_variant(on_hand=5)
    sold("R", (variant, 3))

    back(variant, 2)

    assert shelf(variant) == (4, 0)
    movement = StockMovement.objects.get(kind="RETURN")
    assert (movement.delta, movement.balance, movement.return_reference) == (2, 4, "R/RET-1")


def test_several_parcels_bring_back_at_most_what_was_sold():
    variant = make_variant(on_hand=5)
    sold("R", (variant, 3))
    back(variant, 2)

    with nothing_written(), pytest.raises(StockRuleError):
        back(variant, 2, parcel="RET-2")

    back(variant, 1, parcel="RET-3")
    assert shelf(variant) == (5, 0)


def test_one_parcel_is_booked_once():
    variant = make_variant(on_hand=5)
    sold("R", (variant, 3))
    back(variant, 1)

    with nothing_written(), pytest.raises(StockRuleError):
        back(variant, 1)


def test_one_parcel_is_booked_once_whatever_it_is_said_to_hold_the_second_time():
    one, two = make_variant(on_hand=5), make_variant(on_hand=5)
    sold("R", (one, 1), (two, 1))
    back(one, 1)

    with nothing_written(), pytest.raises(StockRuleError):
        back(two, 1)


def test_two_orders_may_have_parcels_of_the_same_name():
    variant = make_variant(on_hand=5)
    sold("R", (variant, 1))
    sold("R2", (variant, 1))

    back(variant, 1)
    back(variant, 1, reference="R2")

    assert shelf(variant) == (5, 0)


@pytest.mark.parametrize(("reference", "like_it"), [("ORD-1", "ORD-11"), ("ORD_1", "ORD-1"), ("ORD%", "ORD-1")])
def test_parcels_of_an_order_with_a_similar_number_are_not_counted(reference, like_it):
    variant = make_variant(on_hand=5)
    sold(reference, (variant, 1))
    sold(like_it, (variant, 1))
    back(variant, 1, reference=like_it)

    back(variant, 1, reference=reference)

    assert shelf(variant) == (5, 0)


@pytest.mark.parametrize("parcel", ["", "  ", "x" * 61])
def test_a_parcel_without_a_usable_name_is_refused(parcel):
    variant = make_variant(on_hand=5)
    sold("R", (variant, 1))

    with nothing_written(), pytest.raises(StockRuleError):
        back(variant, 1, parcel=parcel)


@pytest.mark.parametrize("quantity", [0, -1])
def test_a_parcel_with_nothing_in_it_is_refused(quantity):
    variant = make_variant(on_hand=5)
    sold("R", (variant, 1))

    with nothing_written(), pytest.raises(StockRuleError):
        back(variant, quantity)


def test_what_was_never_sold_to_the_order_does_not_come_back_from_it():
    variant, other = make_variant(on_hand=5), make_variant(on_hand=5)
    sold("R", (variant, 1))
    hold("held", (other, 1))

    for reference in ("R", "held", "nobody"):
        with nothing_written(), pytest.raises(StockRuleError):
            back(other, 1, reference=reference)


def test_a_parcel_is_booked_whole_or_not_at_all():
    one, two = make_variant(on_hand=5), make_variant(on_hand=5)
    sold("R", (one, 1), (two, 1))

    with nothing_written(), pytest.raises(StockRuleError), transaction.atomic():
        stock.receive_return(
            reference="R",
            return_reference="RET-1",
            quantities={one.pk: 1, two.pk: 2},
            actor="a",
            reason="retur",
        )


def test_goods_of_a_cancelled_order_do_not_come_back_a_second_time_as_a_parcel():
    variant = make_variant(on_hand=5)
    sold("R", (variant, 3))
    stock.return_sold(reference="R", actor="owner", reason="dibatalkan")

    with nothing_written(), pytest.raises(StockRuleError):
        back(variant, 1)


def test_goods_that_came_back_as_a_parcel_do_not_come_back_again_with_a_cancellation():
    variant = make_variant(on_hand=5)
    sold("R", (variant, 3))
    back(variant, 1)

    stock.return_sold(reference="R", actor="owner", reason="dibatalkan")

    assert shelf(variant) == (5, 0)
