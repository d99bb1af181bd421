"""What an order and its parcel cost: whole rupiah, whole grams."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orders import shipping
from orders.errors import CannotDeliverError
from orders.models import ProvinceZone, ShippingMethod, ShippingRate, ShippingZone
from orders.pricing import PricedLine, Totals, charged_kilograms, shipping_price, subtotal, weight


def line(*, price: int = 1000, quantity: int = 1, grams: int = 100) -> PricedLine:
    return PricedLine(
        variant_id=1,
        product_id=1,
        name="x",
        variant_name="",
        sku="X",
        unit_price=price,
        weight=grams,
        quantity=quantity,
    )


def test_the_subtotal_is_the_sum_of_all_units():
    assert subtotal([line(price=85_000, quantity=3), line(price=1, quantity=2)]) == 255_002


def test_the_total_adds_shipping_and_takes_off_the_discount():
    assert Totals(subtotal=100_000, shipping=12_000, discount=5_000).total == 107_000


def test_the_weight_is_that_of_all_units():
    assert weight([line(grams=400, quantity=3), line(grams=55)]) == 1255


@pytest.mark.parametrize(
    ("grams", "kilograms"),
    [(0, 1), (1, 1), (999, 1), (1000, 1), (1300, 1), (1301, 2), (2000, 2), (2300, 2), (2301, 3), (29_999, 30)],
)
def test_a_courier_charges_started_kilograms_and_forgives_three_hundred_grams(grams, kilograms):
    assert charged_kilograms(grams) == kilograms


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**4))
def test_a_heavier_parcel_never_costs_less(grams, more):
    assert charged_kilograms(grams + more) >= charged_kilograms(grams)


def test_the_first_kilogram_and_the_further_ones_have_prices_of_their_own():
    assert shipping_price(first_kg=12_000, next_kg=10_000, grams=900) == 12_000
    assert shipping_price(first_kg=12_000, next_kg=10_000, grams=2_500) == 32_000


# --- services ------------------------------------------------------------------------------------------------------


@pytest.fixture
def java(db: None) -> ShippingZone:
    zone = ShippingZone.objects.create(name="Jawa")
    ProvinceZone.objects.create(province="JAWA BARAT", zone=zone)
    return zone


def offer(zone: ShippingZone, code: str, first_kg: int, **fields: int) -> ShippingRate:
    method = ShippingMethod.objects.create(code=code, courier=code.upper(), service="REG")
    return ShippingRate.objects.create(method=method, zone=zone, first_kg=first_kg, next_kg=1_000, **fields)


def codes(province: str = "JAWA BARAT", grams: int = 1000) -> list[str]:
    return [quote.code for quote in shipping.quotes(province=province, grams=grams)]


def test_services_come_cheapest_first(java):
    offer(java, "mid", 15_000)
    offer(java, "low", 12_000)
    offer(java, "high", 19_000)

    assert codes() == ["low", "mid", "high"]


def test_services_of_one_price_come_in_a_fixed_order(java):
    offer(java, "b", 12_000)
    offer(java, "a", 12_000)

    assert codes() == ["a", "b"]


def test_a_province_is_found_however_it_is_written(java):
    offer(java, "reg", 12_000)

    assert codes(" Jawa Barat ") == ["reg"]


def test_a_service_that_does_not_carry_the_weight_is_not_offered(java):
    offer(java, "light", 12_000, max_weight=5_000)
    offer(java, "cargo", 50_000, max_weight=50_000)

    assert codes(grams=5_000) == ["light", "cargo"]
    assert codes(grams=5_001) == ["cargo"]


def test_a_service_that_staff_switched_off_is_not_offered(java):
    rate = offer(java, "reg", 12_000)
    ShippingMethod.objects.filter(pk=rate.method_id).update(is_active=False)

    assert codes() == []


def test_without_a_choice_the_cheapest_is_taken(java):
    offer(java, "high", 19_000)
    offer(java, "low", 12_000)

    quote = shipping.choose(province="JAWA BARAT", grams=2_000, code=None)

    assert (quote.code, quote.price) == ("low", 13_000)


def test_a_choice_is_kept_even_when_another_is_cheaper(java):
    offer(java, "high", 19_000)
    offer(java, "low", 12_000)

    assert shipping.choose(province="JAWA BARAT", grams=1_000, code="high").price == 19_000


def test_a_province_that_nobody_serves_is_refused(java):
    offer(java, "reg", 12_000)

    with pytest.raises(CannotDeliverError):
        shipping.choose(province="PAPUA", grams=1_000, code=None)


def test_a_service_that_does_not_reach_the_address_is_refused_not_replaced(java):
    offer(java, "reg", 12_000)

    with pytest.raises(CannotDeliverError) as refused:
        shipping.choose(province="JAWA BARAT", grams=1_000, code="sicepat-best")

    assert refused.value.extra()["errors"][0]["field"] == "shippingMethod"
