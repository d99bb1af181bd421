"""What an order costs: pure functions over whole rupiah and grams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import TextChoices

from shop.money import rupiah

WEIGHT_TOLERANCE = 300  # grams that couriers forgive above a full kilogram
LEAST_TOTAL = 1_000  # rupiah that every order costs, whatever its voucher says: the gateway takes no less


class VoucherKind(TextChoices):
    """What a voucher takes its discount from."""

    PERCENT = "PERCENT", "Persen dari harga barang"
    FIXED = "FIXED", "Potongan tetap"
    SHIPPING = "SHIPPING", "Gratis ongkir"


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
class VoucherRule:
    """What a voucher gives. ``percent`` counts for PERCENT, ``amount`` (rupiah) for FIXED.

    ``most`` is the highest discount of a PERCENT or SHIPPING voucher, without one there is no cap.
    """

    code: str
    kind: VoucherKind
    percent: int = 0
    amount: int = 0
    most: int | None = None
    min_subtotal: int = 0

    @property
    def words(self) -> str:
        """Return the rule as a customer reads it: ``10% dari harga barang, paling banyak Rp50.000``."""
        cap = f", paling banyak {rupiah(self.most)}" if self.most is not None else ""
        gives = {
            VoucherKind.PERCENT: f"{self.percent}% dari harga barang{cap}",
            VoucherKind.FIXED: f"Potongan {rupiah(self.amount)}",
            VoucherKind.SHIPPING: f"Gratis ongkir{cap}",
        }[self.kind]
        return gives + (f", belanja minimal {rupiah(self.min_subtotal)}" if self.min_subtotal else "")


@dataclass(frozen=True)
class Part:
    """One line of a sum, as a page lists it; ``amount`` in rupiah, negative for what is taken off."""

    label: str
    amount: int


@dataclass(frozen=True)
class Totals:
    """The sums of an order in rupiah, and the rule that the discount comes from."""

    subtotal: int
    shipping: int
    discount: int
    rule: VoucherRule | None = None

    @property
    def total(self) -> int:
        return self.subtotal + self.shipping - self.discount

    @property
    def parts(self) -> tuple[Part, ...]:
        """Return what the total is made of, in the order of a bill; they add up to it."""
        taken = (Part(f"Voucher {self.rule.code}", -self.discount),) if self.rule and self.discount else ()
        return (Part("Barang", self.subtotal), Part("Ongkir", self.shipping), *taken)


def totals(*, subtotal: int, shipping: int, rule: VoucherRule | None = None) -> Totals:
    """Return the sums of an order, with what ``rule`` takes off."""
    discount = discount_of(rule, subtotal=subtotal, shipping=shipping) if rule else 0
    return Totals(subtotal, shipping, discount, rule if discount else None)


def discount_of(rule: VoucherRule, *, subtotal: int, shipping: int) -> int:
    """Return what ``rule`` takes off, in whole rupiah (a fraction is the shop's).

    Never more than the goods (PERCENT, FIXED) or the shipping (SHIPPING), and never so much that less than
    LEAST_TOTAL is left to pay. Whether the subtotal is high enough for the voucher is not judged here.
    """
    if rule.kind is VoucherKind.SHIPPING:
        wished = shipping if rule.most is None else min(shipping, rule.most)
    elif rule.kind is VoucherKind.FIXED:
        wished = min(rule.amount, subtotal)
    else:
        share = subtotal * rule.percent // 100
        wished = min(subtotal, share if rule.most is None else min(share, rule.most))
    return max(0, min(wished, subtotal + shipping - LEAST_TOTAL))


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
