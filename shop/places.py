"""Names of places as people write them on a parcel, however they are stored."""

from __future__ import annotations

from typing import Protocol

_UPPER = frozenset({"DKI", "DI", "II", "III", "IV", "VI", "VII"})
_LOWER = frozenset({"dan"})


class Place(Protocol):
    """What an address, an order and a typed address have in common."""

    @property
    def district(self) -> str: ...
    @property
    def city(self) -> str: ...
    @property
    def province(self) -> str: ...
    @property
    def postal_code(self) -> str: ...


def place_line(place: Place) -> str:
    """Return ``Depok, Kab. Sleman, DI Yogyakarta 55281``, however the names are stored."""
    city, province = short_name(place.city), short_name(place.province)
    return f"{proper_case(place.district)}, {city}, {province} {place.postal_code}"


def proper_case(name: str) -> str:
    """Return ``KABUPATEN SLEMAN`` as ``Kabupaten Sleman``; a name that has small letters already stays as it is."""
    if name != name.upper():
        return name
    return " ".join(_proper_word(word) for word in name.split())


def _proper_word(word: str) -> str:
    if word in _UPPER:
        return word
    if word.lower() in _LOWER:
        return word.lower()
    return "-".join(part.capitalize() for part in word.split("-"))


def short_name(name: str) -> str:
    """Return a region's name as people write it on a parcel: ``Kab. Sleman``, ``Kota Bandung``, ``DI Yogyakarta``."""
    name = proper_case(name)
    name = name.replace("Kabupaten Administrasi ", "Kab. ").replace("Kota Administrasi ", "Kota ")
    return name.replace("Kabupaten ", "Kab. ").replace("Daerah Istimewa ", "DI ")
