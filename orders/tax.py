"""PPN in a price that includes it: what is stored on an order when it is placed, and never computed anew.

A shop that is a PKP (SHOP_IS_PKP) owes 12 % of the "DPP nilai lain", 11/12 of the price without tax (PMK 131/2024), so
effectively 11 %. Prices on the site include it. Per line, in whole rupiah, halves rounded up:

    gross   what the customer pays for the line: its price, less its part of the discount
    net     gross x 100 / 111       the price without tax ("harga jual")
    base    net x 11 / 12           the DPP
    tax     gross - net             so that net and tax always add up to what was paid

``tax`` is within one rupiah of 12 % of ``base``. Shipping that the seller charges is part of the price (UU PPN art. 1
no. 18) and has a line of its own. A discount is spread over all lines by their price, the largest remainders getting
the rupiah that are left, so that the lines add up to the total. A shop that is no PKP stores nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from django.conf import settings

RATE_PERCENT: Final = 12
BASE_SHARE: Final = (11, 12)
SHIPPING: Final = "Ongkos kirim"


@dataclass(frozen=True)
class TaxLine:
    """One line in whole rupiah; see above."""

    name: str
    quantity: int
    gross: int
    net: int
    base: int
    tax: int


@dataclass(frozen=True)
class Tax:
    """What an order's invoice says about PPN, and the seller it was said by."""

    percent: int
    share: tuple[int, int]
    npwp: str
    lines: tuple[TaxLine, ...]

    @property
    def gross(self) -> int:
        return sum(line.gross for line in self.lines)

    @property
    def net(self) -> int:
        return sum(line.net for line in self.lines)

    @property
    def base(self) -> int:
        return sum(line.base for line in self.lines)

    @property
    def tax(self) -> int:
        return sum(line.tax for line in self.lines)

    def stored(self) -> dict[str, Any]:
        """Return what goes into Order.tax."""
        return asdict(self) | {"share": list(self.share), "lines": [asdict(line) for line in self.lines]}

    @classmethod
    def read(cls, stored: dict[str, Any] | None) -> Tax | None:
        """Return what an order holds, or None where the seller was no PKP."""
        if not stored:
            return None
        first, second = stored["share"]
        lines = tuple(TaxLine(**line) for line in stored["lines"])
        return cls(stored["percent"], (first, second), stored["npwp"], lines)


def tax_on(goods: Sequence[tuple[str, int, int]], *, shipping: int, discount: int) -> dict[str, Any] | None:
    """Return what Order.tax holds for ``goods`` (name, quantity, price of all units); None for a shop without PPN."""
    if not settings.SHOP_IS_PKP:
        return None
    wares = [*goods, *([(SHIPPING, 1, shipping)] if shipping else [])]
    parts = spread(discount, [price for _, _, price in wares])
    lines = tuple(
        tax_line(name, quantity, price - part) for (name, quantity, price), part in zip(wares, parts, strict=True)
    )
    return Tax(RATE_PERCENT, BASE_SHARE, settings.SHOP_NPWP, lines).stored()


def tax_line(name: str, quantity: int, gross: int) -> TaxLine:
    """Take the PPN out of one line."""
    share, whole = BASE_SHARE
    net = _half_up(gross * 100 * whole, 100 * whole + RATE_PERCENT * share)
    return TaxLine(name, quantity, gross, net, _half_up(net * share, whole), gross - net)


def spread(amount: int, weights: Sequence[int]) -> list[int]:
    """Divide ``amount`` by ``weights`` into whole parts that add up to it, each at most its weight."""
    total = sum(weights)
    if not amount or not total:
        return [0] * len(weights)
    parts = [amount * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda at: (-(amount * weights[at] % total), at))
    for at in by_remainder[: amount - sum(parts)]:
        parts[at] += 1
    return parts


def _half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)
