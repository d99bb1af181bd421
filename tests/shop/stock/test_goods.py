"""Goods that arrive and shelves that are corrected, and the ledger that tells of all of it."""

from __future__ import annotations

import pytest

from shop.errors import StockRuleError
from shop.models import StockMovement
from shop.services import stock
from tests.support.stock_states import back, hold, ledger, shelf, sold
from tests.support.tables import nothing_written
from tests.support.world import make_variant

pytestmark = pytest.mark.django_db


# --- receive -------------------------------------------------------------------------------------------------------


def test_receiving_writes_what_came_who_booked_it_and_why():
    variant = make_variant(on_hand=5)

    movement = stock.receive(variant_id=variant.pk, quantity=7, actor="gudang", reason="PO-17")

    assert shelf(variant) == (12, 0)
    assert (movement.kind, movement.delta, movement.balance) == ("RECEIVE", 7, 12)
    assert (movement.actor, movement.reason) == ("gudang", "PO-17")


@pytest.mark.parametrize("quantity", [0, -1])
def test_receiving_nothing_or_less_is_refused(quantity):
    variant = make_variant()

    with nothing_written(), pytest.raises(StockRuleError):
        stock.receive(variant_id=variant.pk, quantity=quantity, actor="gudang")


def test_receiving_an_unknown_variant_is_refused():
    with nothing_written(), pytest.raises(StockRuleError):
        stock.receive(variant_id=2**40, quantity=1, actor="gudang")


# --- adjust --------------------------------------------------------------------------------------------------------


def test_adjusting_down_below_what_is_reserved_records_the_truth():
    variant = make_variant(on_hand=5)
    hold("R", (variant, 4))

    stock.adjust(variant_id=variant.pk, delta=-3, reason=" pecah ", actor="gudang")

    variant.refresh_from_db()
    assert (shelf(variant), variant.available) == ((2, 4), -2)
    assert StockMovement.objects.get(kind="ADJUST").reason == "pecah"


def test_adjusting_below_an_empty_shelf_is_refused():
    variant = make_variant(on_hand=5)

    with nothing_written(), pytest.raises(StockRuleError, match="tinggal 5"):
        stock.adjust(variant_id=variant.pk, delta=-6, reason="pecah", actor="gudang")


def test_adjusting_to_an_empty_shelf_is_allowed():
    variant = make_variant(on_hand=5)

    stock.adjust(variant_id=variant.pk, delta=-5, reason="pecah", actor="gudang")

    assert shelf(variant) == (0, 0)


@pytest.mark.parametrize("reason", ["", "   "])
def test_adjusting_without_a_reason_is_refused(reason):
    variant = make_variant()

    with nothing_written(), pytest.raises(StockRuleError, match="Alasan"):
        stock.adjust(variant_id=variant.pk, delta=1, reason=reason, actor="gudang")


def test_adjusting_by_nothing_is_refused():
    variant = make_variant()

    with nothing_written(), pytest.raises(StockRuleError):
        stock.adjust(variant_id=variant.pk, delta=0, reason="hitung ulang", actor="gudang")


# --- the ledger ----------------------------------------------------------------------------------------------------


def test_the_ledger_tells_the_whole_story_in_order():
    variant = make_variant(on_hand=10)
    sold("R", (variant, 4))
    stock.adjust(variant_id=variant.pk, delta=-1, reason="pecah", actor="gudang")
    back(variant, 2)
    sold("S", (variant, 7))
    stock.return_sold(reference="S", actor="owner", reason="dibatalkan")

    assert ledger(variant) == [
        ("RECEIVE", 10, 10),
        ("SALE", -4, 6),
        ("ADJUST", -1, 5),
        ("RETURN", 2, 7),
        ("SALE", -7, 0),
        ("RETURN", 7, 7),
    ]
