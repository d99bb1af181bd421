"""What each stock service does to the shelf, to what is reserved, and to the ledger."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from config.database import violated_constraint
from shop.errors import InsufficientStockError, StockRuleError
from shop.models import MovementKind, Reservation, ReservationState, StockMovement, Variant
from shop.services import stock
from tests.support.tables import nothing_written
from tests.support.world import make_variant

pytestmark = pytest.mark.django_db

HELD, SHORT, SOLD, RELEASED = (
    ReservationState.HELD,
    ReservationState.SHORT,
    ReservationState.SOLD,
    ReservationState.RELEASED,
)


def shelf(variant: Variant) -> tuple[int, int]:
    """Return (on_hand, reserved)."""
    return Variant.objects.values_list("on_hand", "reserved").get(pk=variant.pk)


def state(reference: str, variant: Variant | None = None) -> str:
    lines = Reservation.objects.filter(reference=reference)
    return str((lines.filter(variant=variant) if variant else lines).get().state)


def hold(reference: str, *lines: tuple[Variant, int]) -> None:
    with transaction.atomic():
        stock.reserve(reference=reference, quantities={variant.pk: quantity for variant, quantity in lines})


def sold(reference: str, *lines: tuple[Variant, int]) -> None:
    hold(reference, *lines)
    assert stock.sell(reference=reference, actor="test") == []


def short(reference: str, *lines: tuple[Variant, int]) -> None:
    """Leave lines SHORT: paid for, while somebody found the shelf empty."""
    hold(reference, *lines)
    for variant, _ in lines:
        on_hand, _reserved = shelf(variant)
        if on_hand:
            stock.adjust(variant_id=variant.pk, delta=-on_hand, reason="hilang", actor="test")
    stock.sell(reference=reference, actor="test")


def ledger(variant: Variant) -> list[tuple[str, int, int]]:
    """Return (kind, delta, balance) from the first movement on."""
    rows = StockMovement.objects.filter(variant=variant).order_by("pk")
    return list(rows.values_list("kind", "delta", "balance"))


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


# --- sell ----------------------------------------------------------------------------------------------------------


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


def back(variant: Variant, quantity: int, *, reference: str = "R", parcel: str = "RET-1") -> None:
    with transaction.atomic():
        stock.receive_return(
            reference=reference,
            return_reference=parcel,
            quantities={variant.pk: quantity},
            actor="gudang",
            reason="retur",
        )


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
