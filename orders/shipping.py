"""Which services reach an address, and what they cost: read from the table that staff edit, no outside call."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from orders.errors import CannotDeliverError
from orders.pricing import shipping_price

# By cursor: every order asks this inside its transaction.
_RATES_SQL = """
SELECT m.code, m.courier, m.service, r.first_kg, r.next_kg, r.min_days, r.max_days
  FROM orders_provincezone p
  JOIN orders_shippingrate r ON r.zone_id = p.zone_id
  JOIN orders_shippingmethod m ON m.id = r.method_id AND m.is_active
 WHERE upper(p.province) = upper(%s) AND r.max_weight >= %s
"""


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
    with connection.cursor() as cursor:
        cursor.execute(_RATES_SQL, [province.strip(), grams])
        found = [
            ShippingQuote(
                code=code,
                courier=courier,
                service=service,
                price=shipping_price(first_kg=first_kg, next_kg=next_kg, grams=grams),
                min_days=min_days,
                max_days=max_days,
            )
            for code, courier, service, first_kg, next_kg, min_days, max_days in cursor.fetchall()
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
