"""More than there is, is a shortage: also when the parcel would be too heavy for every courier."""

from __future__ import annotations

import pytest

from orders.services import place_order
from shop.errors import InsufficientStockError
from tests.support.world import make_customer, make_order, make_variant, order_request

pytestmark = pytest.mark.django_db


def test_ordering_more_than_there_is_names_the_shortage_not_the_weight() -> None:
    make_order()
    heavy = make_variant(on_hand=5, weight=2_000)

    with pytest.raises(InsufficientStockError, match="Tersedia: 5, diminta: 60"):
        place_order(customer=make_customer(), request=order_request((heavy, 60)))
