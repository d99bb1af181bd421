"""The list of provinces is the one that districts and shipping zones use."""

from orders import regions
from shop.provinces import PROVINCES


def test_every_province_of_a_district_can_be_chosen():
    assert {region.province for region in regions._by_code().values()} == set(PROVINCES)
