"""Where a visitor's parcels go, as far as the session knows: the district that shipping was last asked for."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.sessions.backends.base import SessionBase

from orders import regions, shipping
from orders.regions import Region
from orders.shipping import ShippingQuote
from shop.models import Address, User
from shop.places import proper_case, short_name

_SESSION_KEY = "ongkir"


@dataclass(frozen=True)
class Estimate:
    """What shipping to ``place`` costs: every service that carries the weight, cheapest first."""

    place: str
    grams: int
    quotes: tuple[ShippingQuote, ...]

    @property
    def cheapest(self) -> ShippingQuote | None:
        return self.quotes[0] if self.quotes else None

    @property
    def price(self) -> int | None:
        """Rupiah of the cheapest service, or None when nothing reaches the place with this weight."""
        return self.quotes[0].price if self.quotes else None


def remember(session: SessionBase, region: Region) -> None:
    """Keep a district for the next estimate and the address step; no write when it is known already."""
    if session.get(_SESSION_KEY) != region.code:
        session[_SESSION_KEY] = region.code


def forget(session: SessionBase) -> None:
    """Keep no district any more."""
    session.pop(_SESSION_KEY, None)


def remembered(session: SessionBase) -> Region | None:
    """Return the district of the last estimate; makes no session."""
    code = session.get(_SESSION_KEY)
    return regions.find(code) if isinstance(code, str) else None


def estimate(session: SessionBase, member: User | None, *, grams: int) -> Estimate | None:
    """Return what shipping costs to the remembered district, else to a member's main address (two queries at most)."""
    place, province = _place(session, member)
    if not province:
        return None
    return Estimate(place, grams, tuple(shipping.quotes(province=province, grams=grams)))


def _place(session: SessionBase, member: User | None) -> tuple[str, str]:
    """Return the place in words and its province, or empty texts."""
    region = remembered(session)
    if region is not None:
        return region.place, region.province
    if member is None:
        return "", ""
    main = Address.objects.filter(user=member).only("district", "city", "province").first()
    if main is None:
        return "", ""
    return f"{proper_case(main.district)}, {short_name(proper_case(main.city))}", main.province
