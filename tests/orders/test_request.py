"""What can be seen of a request without the database, and when a request repeats an earlier one."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from config.errors import InvalidInputError
from orders.services import OrderLine, OrderRequest
from orders.services.request import same_request
from tests.support.world import ADDRESS

SHIRT, MUG = 1, 2  # products
SHIRT_M, SHIRT_L, MUG_ONLY = 11, 12, 21  # variants


def request(*lines: OrderLine, **fields: Any) -> OrderRequest:
    return OrderRequest(lines=lines or (OrderLine(quantity=1, variant_id=SHIRT_M),), **{"address_id": 7} | fields)


def stored(*lines: tuple[int, int, int], **fields: Any) -> dict[str, Any]:
    """Return what an order keeps of its request: every line with product, variant and units."""
    items = [{"productId": product, "variantId": variant, "quantity": units} for product, variant, units in lines]
    return {"items": items, "addressId": 7, "shippingMethod": "jne-reg"} | fields


def same(sent: OrderRequest, kept: dict[str, Any]) -> bool:
    """Ask as a repetition does: what was kept went through JSON."""
    return same_request(sent.normalised(), json.loads(json.dumps(kept)))


# --- check ---------------------------------------------------------------------------------------------------------


def test_an_order_without_lines_is_refused():
    with pytest.raises(InvalidInputError) as refused:
        OrderRequest(lines=(), address_id=1).check()

    assert refused.value.field == "items"


def test_fifty_lines_are_fine_and_one_more_is_refused():
    lines = tuple(OrderLine(quantity=1, variant_id=number) for number in range(1, settings.MAX_ORDER_LINES + 2))
    request(*lines[:-1]).check()

    with pytest.raises(InvalidInputError) as refused:
        request(*lines).check()

    assert (settings.MAX_ORDER_LINES, refused.value.field) == (50, "items")


@pytest.mark.parametrize("quantity", [1, 99])
def test_one_to_ninety_nine_units_are_fine(quantity):
    request(OrderLine(quantity=quantity, variant_id=SHIRT_M)).check()


@pytest.mark.parametrize("quantity", [-1, 0, 100, 2**63])
def test_other_quantities_are_refused_and_the_line_is_named(quantity):
    fine = OrderLine(quantity=1, variant_id=SHIRT_M)

    with pytest.raises(InvalidInputError) as refused:
        request(fine, OrderLine(quantity=quantity, variant_id=SHIRT_L)).check()

    assert refused.value.field == "items[1].quantity"


def test_a_line_that_names_nothing_is_refused():
    with pytest.raises(InvalidInputError) as refused:
        request(OrderLine(quantity=1)).check()

    assert refused.value.field == "items[0].productId"


# --- what is kept --------------------------------------------------------------------------------------------------


def test_only_what_was_sent_is_kept():
    assert request(OrderLine(quantity=2, variant_id=SHIRT_M)).normalised() == {
        "items": [{"productId": None, "variantId": SHIRT_M, "quantity": 2}],
        "addressId": 7,
    }


def test_everything_that_was_sent_can_be_kept_as_json():
    sent = OrderRequest(
        lines=(OrderLine(quantity=2, product_id=SHIRT, variant_id=SHIRT_M),),
        address=ADDRESS,
        email="sari@example.com",
        shipping_method="jne-reg",
        note="titip satpam",
        expected_total=100_000,
    )

    kept = json.loads(json.dumps(sent.normalised()))

    assert kept["address"]["postal_code"] == "40132"
    assert (kept["email"], kept["shippingMethod"], kept["note"]) == ("sari@example.com", "jne-reg", "titip satpam")
    assert same(sent, kept)


# --- the same request ----------------------------------------------------------------------------------------------


def test_the_same_lines_to_the_same_address_are_the_same_request():
    assert same(request(OrderLine(2, SHIRT, SHIRT_M)), stored((SHIRT, SHIRT_M, 2)))


def test_another_quantity_is_another_request():
    assert not same(request(OrderLine(3, SHIRT, SHIRT_M)), stored((SHIRT, SHIRT_M, 2)))


def test_another_variant_is_another_request():
    assert not same(request(OrderLine(2, SHIRT, SHIRT_L)), stored((SHIRT, SHIRT_M, 2)))


def test_a_line_more_or_less_is_another_request():
    both = stored((SHIRT, SHIRT_M, 1), (MUG, MUG_ONLY, 1))

    assert not same(request(OrderLine(1, SHIRT, SHIRT_M)), both)
    assert not same(request(OrderLine(1, SHIRT, SHIRT_M), OrderLine(1, MUG), OrderLine(1, SHIRT, SHIRT_L)), both)


def test_the_order_of_lines_does_not_matter():
    kept = stored((SHIRT, SHIRT_M, 1), (MUG, MUG_ONLY, 2))

    assert same(request(OrderLine(2, MUG, MUG_ONLY), OrderLine(1, SHIRT, SHIRT_M)), kept)


def test_units_split_over_lines_are_summed():
    assert same(request(OrderLine(1, SHIRT, SHIRT_M), OrderLine(2, SHIRT, SHIRT_M)), stored((SHIRT, SHIRT_M, 3)))


def test_a_product_alone_stands_for_its_one_variant_in_the_order():
    assert same(request(OrderLine(2, MUG)), stored((MUG, MUG_ONLY, 2)))
    assert same(request(OrderLine(1, MUG), OrderLine(1, MUG, MUG_ONLY)), stored((MUG, MUG_ONLY, 2)))


def test_a_product_of_which_the_order_has_two_variants_stands_for_neither():
    assert not same(request(OrderLine(2, SHIRT)), stored((SHIRT, SHIRT_M, 1), (SHIRT, SHIRT_L, 1)))


def test_a_variant_alone_needs_no_product():
    assert same(request(OrderLine(2, None, SHIRT_M)), stored((SHIRT, SHIRT_M, 2)))


def test_a_variant_said_to_be_of_another_product_is_another_request():
    assert not same(request(OrderLine(2, MUG, SHIRT_M)), stored((SHIRT, SHIRT_M, 2)))


def test_a_product_that_the_order_does_not_have_is_another_request():
    assert not same(request(OrderLine(2, MUG)), stored((SHIRT, SHIRT_M, 2)))


@pytest.mark.parametrize(
    "fields",
    [{"address_id": 8}, {"email": "lain@example.com"}, {"shipping_method": "sicepat-best"}],
)
def test_another_value_of_a_field_is_another_request(fields):
    kept = stored((SHIRT, SHIRT_M, 1), email="sari@example.com")

    assert not same(request(**fields), kept)


def test_a_typed_address_is_compared_whole():
    sent = request(address_id=None, address=ADDRESS)
    kept = {**stored((SHIRT, SHIRT_M, 1)), **sent.normalised()}

    assert same(sent, kept)
    assert not same(request(address_id=None, address=replace(ADDRESS, street="Jl. Lain 1")), kept)


def test_a_typed_address_is_not_a_saved_one():
    assert not same(request(address_id=None, address=ADDRESS), stored((SHIRT, SHIRT_M, 1)))


def test_a_field_that_the_repetition_leaves_out_is_not_compared():
    kept = stored((SHIRT, SHIRT_M, 1), email="sari@example.com", note="titip satpam")

    assert same(OrderRequest(lines=(OrderLine(1, SHIRT, SHIRT_M),)), kept)


def test_a_field_that_the_first_request_left_out_makes_another_request():
    assert not same(request(email="sari@example.com"), stored((SHIRT, SHIRT_M, 1)))


def test_the_note_and_the_expected_total_are_not_compared():
    kept = stored((SHIRT, SHIRT_M, 1), note="titip satpam")

    assert same(request(note="taruh di teras", expected_total=1), kept)


# --- the same request, in general ----------------------------------------------------------------------------------

# A busy machine is no failure, and sixty orders say as much as a hundred.
generously = hypothesis_settings(deadline=None, max_examples=60)

# Ten variants of four products: product 1 has variants 10..12, product 2 has 20..22, and so on.
variants = st.integers(10, 49).filter(lambda variant: variant % 10 < 3)
orders = st.dictionaries(variants, st.integers(2, 20), min_size=1, max_size=6)
optional = {"email": "sari@example.com", "shippingMethod": "jne-reg", "addressId": 7}


def product_of(variant: int) -> int:
    return variant // 10


@st.composite
def repetitions(draw: st.DrawFn, order: dict[int, int]) -> dict[str, Any]:
    """Draw any honest way to send ``order`` again."""
    products = [product_of(variant) for variant in order]
    items = []
    for variant, units in order.items():
        first = draw(st.integers(0, units))
        for part in (first, units - first):
            if not part:
                continue
            named = draw(st.sampled_from(["both", "variant", "product"]))
            if named == "product" and products.count(product_of(variant)) > 1:
                named = "both"
            items.append(
                {
                    "productId": None if named == "variant" else product_of(variant),
                    "variantId": None if named == "product" else variant,
                    "quantity": part,
                },
            )
    fields = draw(st.sets(st.sampled_from(sorted(optional))))
    note = draw(st.sampled_from([{}, {"note": "lain"}]))
    return {"items": draw(st.permutations(items)), **{name: optional[name] for name in fields}, **note}


def kept_of(order: dict[int, int]) -> dict[str, Any]:
    return stored(*((product_of(variant), variant, units) for variant, units in sorted(order.items())), **optional)


@generously
@given(st.data(), orders)
def test_every_honest_repetition_is_the_same_request(data, order):
    assert same_request(data.draw(repetitions(order)), kept_of(order))


@generously
@given(st.data(), orders, orders)
def test_a_repetition_of_other_units_never_is(data, order, other):
    assert same_request(data.draw(repetitions(other)), kept_of(order)) == (order == other)


@generously
@given(st.data(), orders, st.sampled_from(sorted(optional)))
def test_a_repetition_with_one_field_changed_never_is(data, order, name):
    sent = data.draw(repetitions(order)) | {name: "something else"}

    assert not same_request(sent, kept_of(order))
