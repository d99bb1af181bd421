"""Which services reach an address, and what they cost: read from the table that staff edit, no outside call."""

from __future__ import annotations

from dataclasses import dataclass

from orders.errors import CannotDeliverError
from orders.models import ShippingRate
from orders.pricing import shipping_price


@dataclass(frozen=True)
class ShippingQuote:
    """One service with its price (rupiah) and its time (days)."""

    code: str
    courier: str
    service: str
    price: int
    min_days: int
    max_days: int

    @property
    def label(self) -> str:
        return f"{self.courier} {self.service}"

    @property
    def days(self) -> str:
        """Return ``2–3 hari``."""
        if self.min_days == self.max_days:
            return f"{self.min_days} hari"
        return f"{self.min_days}–{self.max_days} hari"


def quotes(*, province: str, grams: int) -> list[ShippingQuote]:
    """Return every service into ``province`` that carries the weight, cheapest first."""
    rates = ShippingRate.objects.filter(
        zone__provinces__province__iexact=province.strip(),
        method__is_active=True,
        max_weight__gte=grams,
    ).select_related("method")
    found = [
        ShippingQuote(
            code=rate.method.code,
            courier=rate.method.courier,
            service=rate.method.service,
            price=shipping_price(first_kg=rate.first_kg, next_kg=rate.next_kg, grams=grams),
            min_days=rate.min_days,
            max_days=rate.max_days,
        )
        for rate in rates
    ]
    return sorted(found, key=lambda quote: (quote.price, quote.code))


def choose(*, province: str, grams: int, code: str | None) -> ShippingQuote:
    """Return the service ``code``, or the cheapest when none is named. Raises CannotDeliverError."""
    offered = quotes(province=province, grams=grams)
    if code is None:
        if not offered:
            raise CannotDeliverError(province=province, grams=grams)
        return offered[0]
    for quote in offered:
        if quote.code == code:
            return quote
    raise CannotDeliverError("Layanan kirim ini tidak tersedia untuk alamat tersebut.", code=code)
