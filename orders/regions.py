"""Districts (kecamatan) with their city and province: one search box fills all three, and a typed city has to lie in
its province.

The data is read once, on first use (about 0.2 s), and searched in memory; see ``orders/data/regions/README.md`` for its
source and licence.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from shop.places import proper_case, short_name

_FOLDER = Path(__file__).parent / "data" / "regions"
MAX_QUERY = 80
MAX_RESULTS = 10

# What people write instead of the official name of a province.
_ALSO_CALLED = {
    "DAERAH ISTIMEWA YOGYAKARTA": "diy di jogja yogya",
    "DKI JAKARTA": "dki",
    "JAWA BARAT": "jabar",
    "JAWA TENGAH": "jateng",
    "JAWA TIMUR": "jatim",
    "NUSA TENGGARA BARAT": "ntb",
    "NUSA TENGGARA TIMUR": "ntt",
    "KALIMANTAN BARAT": "kalbar",
    "KALIMANTAN TENGAH": "kalteng",
    "KALIMANTAN SELATAN": "kalsel",
    "KALIMANTAN TIMUR": "kaltim",
    "KALIMANTAN UTARA": "kaltara",
    "SULAWESI UTARA": "sulut",
    "SULAWESI TENGAH": "sulteng",
    "SULAWESI SELATAN": "sulsel",
    "SULAWESI TENGGARA": "sultra",
    "SULAWESI BARAT": "sulbar",
    "SUMATERA UTARA": "sumut",
    "SUMATERA BARAT": "sumbar",
    "SUMATERA SELATAN": "sumsel",
    "KEPULAUAN BANGKA BELITUNG": "babel",
    "KEPULAUAN RIAU": "kepri",
}
# How the kind of a city is written before its name.
_KINDS = frozenset({"kota", "kotamadya", "kodya", "kabupaten", "kab", "administrasi", "adm"})


@dataclass(frozen=True)
class Region:
    """One district. The names are in proper case; ``province`` matches a ProvinceZone when case is ignored."""

    code: str
    district: str
    city: str
    province: str

    @property
    def place(self) -> str:
        """Return the district with its city: ``Depok, Kab. Sleman``."""
        return f"{self.district}, {short_name(self.city)}"

    @property
    def label(self) -> str:
        """Return what the box shows and understands: ``Depok, Kab. Sleman, DI Yogyakarta``."""
        return f"{self.place}, {short_name(self.province)}"


@dataclass(frozen=True)
class _Entry:
    region: Region
    haystack: str  # every word that a query may begin with, each after a space
    district: str  # lower case, for ranking


def find(code: str) -> Region | None:
    """Return the district with this code, or None."""
    return _by_code().get(code)


def by_label(text: str) -> Region | None:
    """Return the district whose label ``text`` is, in whatever case and spacing."""
    return _by_label().get(_plain(text))


def search(text: str, *, limit: int = MAX_RESULTS) -> list[Region]:
    """Return districts in which every word of ``text`` begins a word of their name, city or province; best first."""
    words = _plain(text[:MAX_QUERY]).split()
    if not words or len("".join(words)) < 2:
        return []
    needles = [f" {word}" for word in words]
    found = [entry for entry in _entries() if all(needle in entry.haystack for needle in needles)]
    wanted = " ".join(words)
    found.sort(key=lambda entry: (_rank(entry, wanted, words[0]), entry.district, entry.region.label))
    return [entry.region for entry in found[:limit]]


def wrong_province(*, city: str, province: str) -> str:
    """Return why ``city`` cannot lie in ``province``, or nothing; ``shop`` knows it as the hook ADDRESS_OBJECTION.

    Only what is certain: an unknown name may be a spelling that the data does not have, and says nothing.
    """
    homes = _provinces_by_city().get(_bare(city), ())
    if not homes or province.casefold() not in _province_names() or province.casefold() in map(str.casefold, homes):
        return ""
    return f"{city} ada di provinsi {' atau '.join(homes)}. Pilih provinsi itu, atau perbaiki nama kotanya."


def _bare(city: str) -> str:
    """Return the name of a city without its kind, and in one spelling: ``kab. sleman`` is ``Kabupaten Sleman``."""
    words = _plain(city).split()
    while len(words) > 1 and words[0] in _KINDS:
        del words[0]
    return "".join(words)


@cache
def _provinces_by_city() -> dict[str, tuple[str, ...]]:
    """Return where there is a city or a regency of a name: Banjar is a city in Jawa Barat and a regency elsewhere."""
    names = {row["code"]: proper_case(row["name"]) for row in _rows("provinces")}
    homes: dict[str, list[str]] = {}
    for row in _rows("regencies"):
        found, name = homes.setdefault(_bare(row["name"]), []), names[row["province_code"]]
        if name not in found:
            found.append(name)
    return {city: tuple(found) for city, found in homes.items()}


@cache
def _province_names() -> frozenset[str]:
    return frozenset(row["name"].casefold() for row in _rows("provinces"))


def _rank(entry: _Entry, wanted: str, first: str) -> int:
    """Order: the district itself, districts that begin so, those that hold the first word, then city or province."""
    if entry.district == wanted or f"{entry.district} " == wanted[: len(entry.district) + 1]:
        return 0
    if entry.district.startswith(wanted):
        return 1
    return 2 if f" {first}" in f" {entry.district}" else 3


def _plain(text: str) -> str:
    """Return ``text`` in small letters, without punctuation and doubled spaces."""
    return " ".join(re.sub(r"[^0-9a-z]+", " ", text.lower().replace("'", "")).split())


@cache
def _entries() -> tuple[_Entry, ...]:
    provinces = {row["code"]: row["name"] for row in _rows("provinces")}
    cities = {row["code"]: row for row in _rows("regencies")}
    return tuple(_entry(row, cities[row["regency_code"]], provinces) for row in _rows("districts"))


def _entry(row: dict[str, str], city: dict[str, str], provinces: dict[str, str]) -> _Entry:
    province = provinces[city["province_code"]]
    region = Region(row["code"], row["name"].strip(), proper_case(city["name"]), proper_case(province))
    kind = "kab" if city["name"].startswith("KABUPATEN") else ""
    words = f"{region.district} kec kecamatan {city['name']} {kind} {province} {_ALSO_CALLED.get(province, '')}"
    return _Entry(region, f" {_plain(words)}", _plain(region.district))


@cache
def _by_code() -> dict[str, Region]:
    return {entry.region.code: entry.region for entry in _entries()}


@cache
def _by_label() -> dict[str, Region]:
    return {_plain(entry.region.label): entry.region for entry in _entries()}


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (_FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
