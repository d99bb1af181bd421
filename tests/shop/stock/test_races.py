"""Stock services at the same moment on several connections: nothing sold or given back twice, no deadlock."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import connection, transaction
from django.utils import timezone

from shop.errors import InsufficientStockError, ShortLine, StockRuleError
from shop.locks import lock_variants
from shop.models import Reservation, ReservationState, StockMovement, Variant
from shop.services import stock
from shop.services.stock import holding
from tests.support.races import background, held_open, race, wait_until_blocked
from tests.support.stock_states import hold, shelf
from tests.support.world import make_variant

pytestmark = pytest.mark.django_db(transaction=True)

SOON = 20.0


def release(reference: str) -> int:
    with transaction.atomic():
        return stock.release(reference=reference)


def sell(reference: str) -> list[Reservation]:
    with transaction.atomic():
        return stock.sell(reference=reference, actor="test")


# --- the second look -----------------------------------------------------------------------------------------------


def test_a_buyer_who_waited_gets_the_units_that_came_back_meanwhile():
    variant = make_variant(on_hand=3)
    hold("first", (variant, 3))

    with held_open(partial(stock.release, reference="first")) as commit:
        waiting = background(lambda: hold("second", (variant, 3)))
        wait_until_blocked()
        commit()
        waiting.result(SOON)

    assert shelf(variant) == (3, 3)
    assert Reservation.objects.get(reference="second").state == ReservationState.HELD


def test_a_line_that_came_back_while_another_one_was_taken_is_had_as_well():
    """Here the guarded UPDATE itself waits, and drops the row that had nothing when it began."""
    there, back = make_variant(on_hand=1), make_variant(on_hand=1)
    hold("first", (back, 1))

    with held_open(partial(stock.release, reference="first")) as commit:
        waiting = background(lambda: hold("second", (there, 1), (back, 1)))
        wait_until_blocked()
        commit()
        waiting.result(SOON)

    assert (shelf(there), shelf(back)) == ((1, 1), (1, 1))


def test_without_the_second_look_that_buyer_would_be_sent_away(monkeypatch):
    """The control of the two tests above: the guarded UPDATE alone judges rows as they stood when it began."""

    def refuse(missing, quantities):
        raise InsufficientStockError([ShortLine(pk, "", "", 0, quantities[pk]) for pk in missing])

    monkeypatch.setattr(holding, "_reserve_on_second_look", refuse)
    there, back = make_variant(on_hand=1), make_variant(on_hand=1)
    hold("first", (back, 1))

    with held_open(partial(stock.release, reference="first")) as commit:
        waiting = background(lambda: hold("second", (there, 1), (back, 1)))
        wait_until_blocked(unless=waiting)
        commit()
        with pytest.raises(InsufficientStockError):
            waiting.result(SOON)


def test_a_buyer_who_waited_is_refused_when_the_units_were_taken_meanwhile():
    variant = make_variant(on_hand=3)

    with held_open(partial(stock.reserve, reference="first", quantities={variant.pk: 2})) as commit:
        waiting = background(lambda: hold("second", (variant, 2)))
        wait_until_blocked()
        commit()
        with pytest.raises(InsufficientStockError) as refused:
            waiting.result(SOON)

    assert [(line.available, line.wanted) for line in refused.value.lines] == [(1, 2)]
    assert shelf(variant) == (3, 2)


def test_a_buyer_who_waited_for_somebody_who_gave_up_gets_the_units():
    variant = make_variant(on_hand=3)

    def gives_up() -> None:
        stock.reserve(reference="first", quantities={variant.pk: 3})
        transaction.set_rollback(True)

    with held_open(gives_up) as end:
        waiting = background(lambda: hold("second", (variant, 3)))
        wait_until_blocked()
        end()
        waiting.result(SOON)

    assert Reservation.objects.get().reference == "second"


def test_one_line_that_came_back_and_one_that_did_not_is_refused_for_the_second_only():
    back, gone = make_variant(on_hand=1), make_variant(on_hand=1)
    hold("first", (back, 1))
    hold("other", (gone, 1))

    with held_open(partial(stock.release, reference="first")) as commit:
        waiting = background(lambda: hold("second", (back, 1), (gone, 1)))
        wait_until_blocked()
        commit()
        with pytest.raises(InsufficientStockError) as refused:
            waiting.result(SOON)

    assert [line.variant_id for line in refused.value.lines] == [gone.pk]
    assert (shelf(back), shelf(gone)) == ((1, 0), (1, 1))


def test_rows_are_locked_in_id_order_even_those_that_have_no_stock():
    """Who locks only what has stock would come back for the rest out of order, and deadlock."""
    empty, full = make_variant(on_hand=0), make_variant(on_hand=5)
    assert empty.pk < full.pk

    with held_open(lambda: Variant.objects.select_for_update(no_key=True).get(pk=empty.pk)):
        waiting = background(lambda: hold("second", (full, 1), (empty, 1)))
        wait_until_blocked()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '1s'")
            Variant.objects.select_for_update(no_key=True).get(pk=full.pk)

    with pytest.raises(InsufficientStockError):
        waiting.result(SOON)


# --- the same thing twice at once ----------------------------------------------------------------------------------


def test_ten_sales_of_one_reference_at_once_sell_it_once():
    variant = make_variant(on_hand=5)
    hold("R", (variant, 2))

    outcomes = race([partial(sell, "R")] * 10)

    assert outcomes.values == [[]] * 10
    assert shelf(variant) == (3, 0)
    assert StockMovement.objects.filter(kind="SALE").count() == 1


def test_ten_releases_of_one_reference_at_once_give_it_back_once():
    variant = make_variant(on_hand=5)
    hold("R", (variant, 2))

    outcomes = race([partial(release, "R")] * 10)

    assert sorted(outcomes.values) == [0] * 9 + [1]
    assert shelf(variant) == (5, 0)


def test_of_a_sale_and_a_release_at_once_one_wins_whole():
    for round_ in range(5):
        one, two = make_variant(on_hand=5), make_variant(on_hand=5)
        reference = f"R{round_}"
        hold(reference, (one, 2), (two, 2))

        outcomes = race([partial(sell, reference), partial(release, reference)])

        assert (outcomes.errors, outcomes.sqlstates) == ([], {})
        states = set(Reservation.objects.filter(reference=reference).values_list("state", flat=True))
        assert states in ({ReservationState.SOLD}, {ReservationState.RELEASED})
        assert shelf(one) == shelf(two) == ((3, 0) if states == {ReservationState.SOLD} else (5, 0))


def test_ten_cancellations_at_once_bring_the_goods_back_once():
    variant = make_variant(on_hand=5)
    hold("R", (variant, 2))
    sell("R")

    def cancel() -> int:
        with transaction.atomic():
            return stock.return_sold(reference="R", actor="owner", reason="batal")

    outcomes = race([cancel] * 10)

    assert sorted(outcomes.values) == [0] * 9 + [1]
    assert shelf(variant) == (5, 0)


def test_ten_bookings_of_one_parcel_at_once_book_it_once():
    variant = make_variant(on_hand=5)
    hold("R", (variant, 5))
    sell("R")

    def book() -> None:
        with transaction.atomic():
            stock.receive_return(
                reference="R",
                return_reference="RET-1",
                quantities={variant.pk: 1},
                actor="gudang",
                reason="retur",
            )

    outcomes = race([book] * 10)

    assert len(outcomes.refusals(StockRuleError)) == 9
    assert shelf(variant) == (1, 0)


def test_several_parcels_at_once_bring_back_at_most_what_was_sold():
    variant = make_variant(on_hand=5)
    hold("R", (variant, 3))
    sell("R")

    def book(parcel: int) -> None:
        with transaction.atomic():
            stock.receive_return(
                reference="R",
                return_reference=str(parcel),
                quantities={variant.pk: 1},
                actor="gudang",
                reason="retur",
            )

    outcomes = race([partial(book, parcel) for parcel in range(8)])

    assert len(outcomes.refusals(StockRuleError)) == 5
    assert shelf(variant) == (5, 0)


# --- different things at once --------------------------------------------------------------------------------------


def test_goods_that_arrive_while_a_line_is_being_sold_leave_nothing_short():
    """Either the sale sees the goods, or the goods see the waiting line."""
    for round_ in range(5):
        variant = make_variant(on_hand=2)
        reference = f"R{round_}"
        hold(reference, (variant, 2))
        with transaction.atomic():
            stock.adjust(variant_id=variant.pk, delta=-2, reason="hilang", actor="test")

        def receive(variant_id: int = variant.pk) -> None:
            with transaction.atomic():
                stock.receive(variant_id=variant_id, quantity=2, actor="gudang")

        outcomes = race([receive, partial(sell, reference)])

        assert outcomes.errors == []
        assert Reservation.objects.get(reference=reference).state == ReservationState.SOLD
        assert shelf(variant) == (0, 0)


def test_of_two_orders_sold_at_once_from_a_shelf_that_covers_one_the_other_is_short():
    variant = make_variant(on_hand=4)
    hold("first", (variant, 2))
    hold("second", (variant, 2))
    with transaction.atomic():
        stock.adjust(variant_id=variant.pk, delta=-1, reason="hilang", actor="test")

    with held_open(partial(stock.sell, reference="first", actor="test")) as commit:
        waiting = background(partial(sell, "second"))
        wait_until_blocked()
        commit()
        (line,) = waiting.result(SOON)

    assert line.reference == "second"
    assert shelf(variant) == (1, 2)


def test_a_line_that_is_sold_at_the_moment_somebody_marks_it_short_stays_sold():
    variant = make_variant(on_hand=4)
    hold("R", (variant, 2))

    def mark() -> None:
        with transaction.atomic():
            stock.mark_short(reference="R")

    with held_open(partial(stock.sell, reference="R", actor="test")) as commit:
        waiting = background(mark)
        wait_until_blocked()
        commit()
        waiting.result(SOON)

    assert Reservation.objects.get().state == ReservationState.SOLD
    assert shelf(variant) == (2, 0)


def test_a_variant_that_somebody_else_keeps_locked_delays_no_other_variants_short_lines():
    locked, free = make_variant(on_hand=1), make_variant(on_hand=1)
    for variant in (locked, free):
        hold(f"R{variant.pk}", (variant, 1))
        with transaction.atomic():
            stock.mark_short(reference=f"R{variant.pk}")
    Reservation.objects.update(next_attempt_at=timezone.now())

    with held_open(lambda: lock_variants([locked.pk])):
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        sold = stock.retry_short()
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")

    assert sold == 1
    assert (shelf(locked), shelf(free)) == ((1, 1), (0, 0))
    assert stock.retry_short() == 1


def test_twenty_corrections_at_once_never_take_the_shelf_below_zero():
    variant = make_variant(on_hand=10)

    def correct() -> None:
        with transaction.atomic():
            stock.adjust(variant_id=variant.pk, delta=-1, reason="pecah", actor="gudang")

    outcomes = race([correct] * 20)

    assert len(outcomes.refusals(StockRuleError)) == 10
    assert shelf(variant) == (0, 0)


def test_everything_at_once_on_the_same_two_variants_ends_without_a_deadlock():
    one, two = make_variant(on_hand=40), make_variant(on_hand=40)

    def buyer(number: int) -> None:
        lines = [(one, 1), (two, 1)] if number % 2 else [(two, 1), (one, 1)]
        for turn in range(4):
            reference = f"B{number}-{turn}"
            hold(reference, *lines)
            if turn % 2:
                sell(reference)
                with transaction.atomic():
                    stock.return_sold(reference=reference, actor="test", reason="batal")
            else:
                release(reference)

    def warehouse() -> None:
        for _ in range(8):
            for variant in (two, one):
                with transaction.atomic():
                    stock.receive(variant_id=variant.pk, quantity=1, actor="gudang")
                with transaction.atomic():
                    stock.adjust(variant_id=variant.pk, delta=-1, reason="pecah", actor="gudang")

    outcomes = race([*(partial(buyer, number) for number in range(6)), warehouse, warehouse])

    assert (outcomes.errors, outcomes.sqlstates) == ([], {})
    assert (shelf(one), shelf(two)) == ((40, 0), (40, 0))
