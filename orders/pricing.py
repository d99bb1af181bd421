"""What an order costs: pure functions over whole rupiah and grams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WEIGHT_TOLERANCE = 300  # grams that couriers forgive above a full kilogram


@dataclass(frozen=True)
class PricedLine:
    """One line at the price that holds when the order is placed; rupiah and grams per unit."""

    variant_id: int
    product_id: int
    name: str
    variant_name: str
    sku: str
    unit_price: int
    weight: int
    quantity: int

    @property
    def total(self) -> int:
        return self.unit_price * self.quantity


@dataclass(frozen=True)
class Totals:
    """The sums of an order in rupiah."""

    subtotal: int
    shipping: int
    discount: int

    @property
    def total(self) -> int:
        return self.subtotal + self.shipping - self.discount


def subtotal(lines: Sequence[PricedLine]) -> int:
    """Return the sum of all lines."""
    return sum(line.total for line in lines)


def weight(lines: Sequence[PricedLine]) -> int:
    """Return the weight of all units in grams."""
    return sum(line.weight * line.quantity for line in lines)


def charged_kilograms(grams: int) -> int:
    """Return the kilograms a courier charges: every started one, with the usual tolerance, at least one."""
    full, rest = divmod(grams, 1000)
    return max(1, full + (1 if rest > WEIGHT_TOLERANCE else 0))


def shipping_price(*, first_kg: int, next_kg: int, grams: int) -> int:
    """Return what a service charges for a parcel."""
    return first_kg + next_kg * (charged_kilograms(grams) - 1)
