"""What the districts' data says about a typed city: refused only where it is certain."""

from __future__ import annotations

import pytest

from orders import regions
from orders.regions import wrong_province
from shop.provinces import PROVINCES


@pytest.mark.parametrize(
    ("city", "province"),
    [
        ("Kota Surabaya", "Jawa Timur"),
        ("Surabaya", "JAWA TIMUR"),
        ("kab. sleman", "Daerah Istimewa Yogyakarta"),
        ("KABUPATEN SLEMAN", "Daerah Istimewa Yogyakarta"),
        ("Jakarta Selatan", "DKI Jakarta"),
        ("Kota Adm. Jakarta Selatan", "DKI Jakarta"),
        ("Tanjung Pinang", "Kepulauan Riau"),
        ("Banjar", "Jawa Barat"),
        ("Banjar", "Kalimantan Selatan"),
    ],
)
def test_a_city_is_known_in_its_province_however_it_is_written(city, province):
    assert wrong_province(city=city, province=province) == ""


def test_every_city_of_the_data_fits_its_own_province():
    places = {(entry.region.city, entry.region.province) for entry in regions._entries()}

    odd = [place for place in places if wrong_province(city=place[0], province=place[1])]

    assert len(places) == 514
    assert odd == []


@pytest.mark.parametrize(
    ("city", "province", "home"),
    [
        ("Kota Surabaya", "Jawa Tengah", "Jawa Timur"),
        ("surabaya", "Jawa Barat", "Jawa Timur"),
        ("Kab. Sleman", "Jawa Tengah", "Daerah Istimewa Yogyakarta"),
        ("Banjar", "Jawa Timur", "Jawa Barat atau Kalimantan Selatan"),
    ],
)
def test_one_that_lies_elsewhere_is_told_where(city, province, home):
    told = wrong_province(city=city, province=province)

    assert told == f"{city} ada di provinsi {home}. Pilih provinsi itu, atau perbaiki nama kotanya."


@pytest.mark.parametrize(
    ("city", "province"),
    [("Solo", "Jawa Barat"), ("Jakarta", "Banten"), ("", "Bali"), ("Kota", "Bali"), ("Kota Bandung", "Jabar")],
)
def test_what_the_data_does_not_know_is_left_to_people(city, province):
    assert wrong_province(city=city, province=province) == ""


def test_every_province_that_can_be_chosen_is_known():
    assert {name.casefold() for name in PROVINCES} == regions._province_names()
