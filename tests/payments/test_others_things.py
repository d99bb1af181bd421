"""Whatever belongs to somebody else does not exist: one table of every address that names a thing of one customer."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from orders.links import order_path
from shop.models import Address
from tests.support.checkout import make_member
from tests.support.pages import paid_order
from tests.support.world import make_customer

pytestmark = pytest.mark.django_db

# what it is, its address, and the methods that are tried
THINGS = [
    ("order", "/akun/pesanan/{number}/", ("get",)),
    ("invoice", "/akun/pesanan/{number}/faktur/", ("get",)),
    ("address", "/akun/alamat/{address}/", ("get", "post")),
    ("address to delete", "/akun/alamat/{address}/hapus/", ("get", "post")),
    ("address to make the main one", "/akun/alamat/{address}/utama/", ("get", "post")),
    ("order in the API", "/api/orders/{number}", ("get",)),
    ("order in the API, to cancel", "/api/orders/{number}/cancel", ("post",)),
]
LOGIN_ONLY = ["/akun/", "/akun/data/", "/akun/hapus/", "/akun/pesanan/", "/akun/profil/", "/akun/kata-sandi/"]


def test_others_things_are_404_for_a_member_and_behind_the_login_for_a_stranger(simulator):
    owner, other = make_member(addresses=2), make_customer()
    order = paid_order(simulator, customer=owner)
    address = Address.objects.filter(user=owner).latest("pk")
    names = {"number": order.number, "address": address.pk}
    stranger, thief, rightful = Client(), Client(), Client()
    thief.force_login(other)
    rightful.force_login(owner)
    wrong = []
    for what, pattern, methods in THINGS:
        path = pattern.format(**names)
        for method in methods:
            if getattr(thief, method)(path).status_code != 404:
                wrong.append(f"{what}: {method} by another member")
            if getattr(stranger, method)(path).status_code not in {302, 401, 403}:
                wrong.append(f"{what}: {method} by a stranger")
        if "get" in methods and rightful.get(path).status_code not in {200, 303}:
            wrong.append(f"{what}: refused to its owner")

    assert wrong == []
    assert Address.objects.filter(pk=address.pk, is_default=False).exists()


def test_pages_of_an_account_are_behind_the_login(client):
    for path in LOGIN_ONLY:
        assert client.get(path)["Location"].startswith("/masuk/?next="), path
    assert client.post("/akun/data/unduh/")["Location"].startswith("/masuk/")


def test_an_export_is_of_whoever_asks(simulator):
    owner, other = make_member(), make_customer()
    order = paid_order(simulator, customer=owner)
    client = Client()
    client.force_login(other)

    answer: Any = client.post("/akun/data/unduh/")
    data = b"".join(answer.streaming_content).decode()

    assert str(other.email) in data
    for secret in (str(owner.email), order.number, order.street):
        assert secret not in data


def test_a_link_opens_its_own_order_and_no_other(simulator, client):
    first, second = paid_order(simulator), paid_order(simulator)

    page = client.get(f"{order_path(first)}faktur/").content.decode()

    assert first.number in page
    assert second.number not in page
