"""What runs low: by the shop's limit or by the variant's own, on the list, the start page and the dashboard alike."""

from __future__ import annotations

import re

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from monitoring.dashboard.sales import low_stock
from shop.models import Variant
from shop.selectors import running_low
from tests.support.staff import login
from tests.support.world import make_variant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def shops_limit(settings) -> None:
    settings.LOW_STOCK_UNITS = 3


@pytest.mark.parametrize(
    ("on_hand", "reserved", "reorder_at", "low"),
    [(3, 0, None, True), (4, 0, None, False), (5, 2, None, True), (10, 0, 10, True), (11, 0, 10, False),
     (1, 0, 0, False), (0, 0, 0, True)],
)  # fmt: skip
@pytest.mark.breaks_laws
def test_a_variant_runs_low_at_its_own_limit_or_else_the_shops(on_hand, reserved, reorder_at, low):
    variant = make_variant(on_hand=on_hand)
    Variant.objects.filter(pk=variant.pk).update(reserved=reserved, reorder_at=reorder_at)
    variant.refresh_from_db()

    assert variant.runs_low is low
    assert running_low().filter(pk=variant.pk).exists() is low
    assert (variant in low_stock()) is low


def test_what_is_not_sold_any_more_is_not_ordered_again():
    variant = make_variant(on_hand=0)
    Variant.objects.filter(pk=variant.pk).update(is_active=False)

    assert not running_low().exists()


def test_the_list_shows_what_runs_low_and_how_many_to_order():
    low, plenty = make_variant(on_hand=20), make_variant(on_hand=20)
    Variant.objects.filter(pk=low.pk).update(reorder_at=25)

    page = login("gudang").get(reverse("admin:shop_variant_changelist"), {"stok": "menipis"}).content.decode()

    assert low.sku in page
    assert plenty.sku not in page
    (cell,) = re.findall(r'<td class="field-to_order[^>]*>(.*?)</td>', page, re.DOTALL)
    assert re.sub(r"<[^>]+>|\s", "", cell) == "6"  # 26 are above the limit


def test_a_limit_below_zero_is_refused_by_the_database():
    variant = make_variant()

    with pytest.raises(IntegrityError), transaction.atomic():
        Variant.objects.filter(pk=variant.pk).update(reorder_at=-1)
