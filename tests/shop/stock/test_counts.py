"""Stock counts: what is found moves the books by the difference, in one step, and no sale meanwhile is lost."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import transaction

from config.errors import InvalidInputError
from shop.models import CountState, Reservation, StockCount, StockMovement, Variant
from shop.services import counts, stock
from tests.support.threads import run_together
from tests.support.world import make_variant

pytestmark = pytest.mark.django_db(transaction=True)


def opened() -> StockCount:
    return counts.open_count(title="Rak depan", actor="uji")


def enter(count: StockCount, variant: Variant, counted: int) -> None:
    counts.enter(count_id=count.pk, sku=variant.sku, counted=counted, actor="uji")


def apply(count: StockCount) -> list[StockMovement]:
    return counts.apply(count_id=count.pk, seen=counts.fingerprint(count), actor="uji")


def sell(variant: Variant, units: int, reference: str = "ORD-1") -> None:
    with transaction.atomic():
        stock.reserve(reference=reference, quantities={variant.pk: units})
        stock.sell(reference=reference, actor="uji")


def on_hand(variant: Variant) -> int:
    variant.refresh_from_db()
    return variant.on_hand


def test_the_books_move_by_the_difference_and_say_who_counted_what() -> None:
    more, less, same = make_variant(on_hand=5), make_variant(on_hand=5), make_variant(on_hand=5)
    count = opened()
    for variant, counted in ((more, 7), (less, 4), (same, 5)):
        enter(count, variant, counted)

    movements = apply(count)

    assert [on_hand(variant) for variant in (more, less, same)] == [7, 4, 5]
    assert [(row.delta, row.kind, row.actor) for row in movements] == [(2, "ADJUST", "uji"), (-1, "ADJUST", "uji")]
    assert movements[0].reason == "opname: Rak depan (dihitung 7, di buku 5)"
    count.refresh_from_db()
    assert (count.state, count.closed_by) == (CountState.APPLIED, "uji")


def test_what_is_sold_and_received_between_counting_and_applying_stays() -> None:
    variant = make_variant(on_hand=10)
    count = opened()
    enter(count, variant, 8)
    sell(variant, 3)
    with transaction.atomic():
        stock.receive(variant_id=variant.pk, quantity=5, actor="uji")

    apply(count)

    assert on_hand(variant) == 8 - 3 + 5


@pytest.mark.breaks_laws
def test_setting_the_books_to_what_was_counted_would_lose_that_sale() -> None:
    """The negative control: this is what an absolute overwrite does to the same story."""
    variant = make_variant(on_hand=10)
    sell(variant, 3)

    Variant.objects.filter(pk=variant.pk).update(on_hand=8)

    assert on_hand(variant) != 8 - 3


def test_sales_in_the_very_moment_of_applying_are_not_lost() -> None:
    variant = make_variant(on_hand=20)
    count = opened()
    enter(count, variant, 18)
    seen = counts.fingerprint(count)
    calls = [partial(sell, variant, 1, f"ORD-{n}") for n in range(6)]

    run_together([*calls, partial(counts.apply, count_id=count.pk, seen=seen, actor="uji")])

    assert on_hand(variant) == 18 - 6


def test_two_who_apply_at_once_correct_once() -> None:
    variant = make_variant(on_hand=10)
    count = opened()
    enter(count, variant, 7)
    seen = counts.fingerprint(count)

    found = run_together([partial(counts.apply, count_id=count.pk, seen=seen, actor="uji")] * 3)

    assert len([one for one in found if isinstance(one, counts.CountRefusedError)]) == 2
    assert on_hand(variant) == 7


def test_one_line_that_does_not_hold_keeps_all_of_them_from_being_applied() -> None:
    good, corrected = make_variant(on_hand=5), make_variant(on_hand=5)
    count = opened()
    enter(count, good, 6)
    enter(count, corrected, 3)
    with transaction.atomic():
        stock.adjust(variant_id=corrected.pk, delta=-2, reason="rusak", actor="rekan")

    with pytest.raises(counts.CountRefusedError, match=f"{corrected.sku} sudah dikoreksi"):
        apply(count)

    assert (on_hand(good), on_hand(corrected)) == (5, 3)
    enter(count, corrected, 3)
    apply(count)
    assert (on_hand(good), on_hand(corrected)) == (6, 3)


def test_more_missing_than_is_left_has_to_be_counted_again() -> None:
    variant = make_variant(on_hand=5)
    count = opened()
    enter(count, variant, 1)
    sell(variant, 3)

    with pytest.raises(counts.CountRefusedError, match="tinggal 2"):
        apply(count)


def test_a_number_entered_after_the_page_was_opened_is_not_applied_unseen() -> None:
    variant = make_variant(on_hand=5)
    count = opened()
    enter(count, variant, 4)
    seen = counts.fingerprint(count)
    enter(count, variant, 0)

    with pytest.raises(counts.CountRefusedError, match="hitungan baru"):
        counts.apply(count_id=count.pk, seen=seen, actor="uji")

    assert on_hand(variant) == 5


def test_an_sku_entered_again_replaces_its_number_in_any_spelling() -> None:
    variant = make_variant(on_hand=5)
    count = opened()
    enter(count, variant, 4)

    line, earlier = counts.enter(count_id=count.pk, sku=f" {variant.sku.lower()} ", counted=6, actor="uji")

    assert (line.counted, earlier, count.lines.count()) == (6, 4, 1)


@pytest.mark.parametrize(("sku", "counted", "field"), [("tidak-ada", 1, "sku"), ("", 1, "sku"), ("SKU", -1, "counted")])
def test_what_cannot_be_counted_is_named(sku: str, counted: int, field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        counts.enter(count_id=opened().pk, sku=sku, counted=counted, actor="uji")

    assert refused.value.field == field


def test_found_goods_go_to_the_paid_order_that_waits_for_them() -> None:
    variant = make_variant(on_hand=2)
    with transaction.atomic():
        stock.reserve(reference="ORD-9", quantities={variant.pk: 2})
        stock.adjust(variant_id=variant.pk, delta=-2, reason="hilang", actor="uji")
        stock.sell(reference="ORD-9", actor="uji")
    assert Reservation.objects.get().state == "SHORT"
    count = opened()
    enter(count, variant, 2)

    apply(count)

    assert Reservation.objects.get().state == "SOLD"
    assert on_hand(variant) == 0


def test_a_cancelled_count_changes_nothing_and_takes_no_more_numbers() -> None:
    variant = make_variant(on_hand=5)
    count = opened()
    enter(count, variant, 1)

    counts.cancel(count_id=count.pk, reason="salah rak", actor="uji")

    assert on_hand(variant) == 5
    with pytest.raises(counts.CountRefusedError):
        enter(count, variant, 2)
