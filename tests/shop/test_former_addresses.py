"""Addresses that pages once had: they lead to where the pages are now."""

from __future__ import annotations

from typing import Any

import pytest

from shop.models import Category, FormerProductSlug, Product
from tests.factories import UserFactory
from tests.shop.goods import product

pytestmark = pytest.mark.django_db


@pytest.fixture
def bowl(shelf):
    return product("Mangkuk", category=shelf, slug="mangkuk")


def rename(to: str, **which: Any) -> None:
    Product.objects.filter(**which).update(slug=to)


def test_a_renamed_product_is_found_at_every_address_it_had(client, bowl):
    for slug in ("cawan", "piala"):
        rename(slug, pk=bowl.pk)

    for former in ("mangkuk", "cawan"):
        answer = client.get(f"/produk/{former}/?varian=7")
        assert (answer.status_code, answer["Location"]) == (301, "/produk/piala/?varian=7")
    assert client.get("/produk/piala/").status_code == 200


def test_a_product_that_takes_its_old_address_back_does_not_go_in_circles(client, bowl):
    rename("cawan", pk=bowl.pk)
    rename("mangkuk", pk=bowl.pk)

    assert client.get("/produk/mangkuk/").status_code == 200
    assert client.get("/produk/cawan/")["Location"] == "/produk/mangkuk/"


def test_another_product_may_take_a_former_address(client, bowl, shelf):
    rename("cawan", pk=bowl.pk)
    product("Mangkuk Baru", category=shelf, slug="mangkuk")

    assert client.get("/produk/mangkuk/").status_code == 200
    assert not FormerProductSlug.objects.filter(slug="mangkuk").exists()


def test_what_is_no_longer_sold_is_404_at_its_former_address_too(client, bowl):
    Product.objects.filter(pk=bowl.pk).update(slug="cawan", is_active=False)

    assert client.get("/produk/mangkuk/").status_code == 404


def test_a_renamed_category_is_found_with_its_wishes(client, bowl):
    Category.objects.filter(slug="keramik").update(slug="tembikar")

    answer = client.get("/kategori/keramik/?urut=termurah")

    assert (answer.status_code, answer["Location"]) == (301, "/kategori/tembikar/?urut=termurah")


def test_former_addresses_go_with_their_product(bowl):
    rename("cawan", pk=bowl.pk)
    unused = Product.objects.create(category=bowl.category, name="Salah", slug="salah")
    rename("keliru", pk=unused.pk)

    unused.delete()

    assert list(FormerProductSlug.objects.values_list("slug", flat=True)) == ["mangkuk"]


def test_staff_see_the_former_addresses_and_keep_them_by_renaming(client, bowl):
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    page = client.get(f"/admin/shop/product/{bowl.pk}/change/").content.decode()
    assert "Belum pernah diganti." in page

    rename("cawan", pk=bowl.pk)

    assert "/produk/mangkuk/" in client.get(f"/admin/shop/product/{bowl.pk}/change/").content.decode()
