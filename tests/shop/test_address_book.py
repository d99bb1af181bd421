"""Saved addresses: changed, deleted, chosen; orders keep theirs."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from shop.models import Address, User
from tests.support.checkout import make_member, text_of
from tests.support.world import ADDRESS, make_order

pytestmark = pytest.mark.django_db

FORM = vars(ADDRESS) | {"phone": "0812 3456-7890", "province": "Jawa Barat"}


@pytest.fixture
def member() -> User:
    return make_member(addresses=3)


@pytest.fixture
def client(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client


def book(user: User) -> list[tuple[str, bool]]:
    return list(Address.objects.filter(user=user).order_by("pk").values_list("recipient", "is_default"))


def test_an_address_is_changed_in_place(client, member):
    first = Address.objects.filter(user=member).earliest("pk")
    assert '<option value="Jawa Barat" selected>' in text_of(client.get(f"/akun/alamat/{first.pk}/"))

    answer = client.post(f"/akun/alamat/{first.pk}/", FORM | {"recipient": "Budi"})

    first.refresh_from_db()
    assert answer.status_code == 303
    assert (first.recipient, first.phone, first.is_default) == ("Budi", "+6281234567890", True)
    assert client.post(f"/akun/alamat/{first.pk}/", FORM | {"postal_code": "1"}).status_code == 400


def test_a_city_that_lies_in_another_province_is_refused_where_it_is_saved(client, member):
    wrong = FORM | {"city": "Kab. Sleman", "province": "Jawa Tengah"}
    first = Address.objects.filter(user=member).earliest("pk")

    added = client.post("/akun/alamat/tambah/", wrong)
    changed = client.post(f"/akun/alamat/{first.pk}/", wrong)

    for answer in (added, changed):
        assert answer.status_code == 400
        page = text_of(answer)
        told = "Kab. Sleman ada di provinsi Daerah Istimewa Yogyakarta. Pilih provinsi itu, atau perbaiki nama kotanya."
        assert f'<a href="#id_province">{told}</a>' in page
        assert 'value="Kab. Sleman"' in page
    assert [recipient for recipient, _ in book(member)] == ["Sari 0", "Sari 1", "Sari 2"]
    assert client.post("/akun/alamat/tambah/", wrong | {"province": "Daerah Istimewa Yogyakarta"}).status_code == 303


def test_another_address_becomes_the_main_one(client, member):
    last = Address.objects.filter(user=member).latest("pk")

    client.post(f"/akun/alamat/{last.pk}/utama/")

    assert book(member) == [("Sari 0", False), ("Sari 1", False), ("Sari 2", True)]


def test_the_oldest_of_the_others_inherits_from_a_deleted_main_one(client, member):
    first = Address.objects.filter(user=member).earliest("pk")
    assert client.get(f"/akun/alamat/{first.pk}/hapus/").status_code == 200

    client.post(f"/akun/alamat/{first.pk}/hapus/")

    assert book(member) == [("Sari 1", True), ("Sari 2", False)]


def test_deleting_an_address_leaves_the_orders_copy(client, member):
    first = Address.objects.filter(user=member).earliest("pk")
    order = make_order(customer=member)
    before = (order.recipient, order.street)

    client.post(f"/akun/alamat/{first.pk}/hapus/")

    order.refresh_from_db()
    assert (order.recipient, order.street) == before


def test_looking_changes_nothing(client, member):
    before = book(member)
    for address in Address.objects.filter(user=member):
        for part in ("", "hapus/", "utama/"):
            client.get(f"/akun/alamat/{address.pk}/{part}")

    assert book(member) == before


def test_the_account_page_reads_a_fixed_number_of_times(client, member, django_assert_max_num_queries: Any):
    with django_assert_max_num_queries(6):
        page = text_of(client.get("/akun/"))

    assert page.count("Jadikan utama") == 2
