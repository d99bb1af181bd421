"""What browsers and caches are told about a page, and how it is packed."""

from __future__ import annotations

import gzip
import re

import pytest
from django.test import Client

from shop.models import Variant
from shop.packed import accepts_gzip, join_packed, pack
from tests.factories import PASSWORD, UserFactory
from tests.shop.goods import product

pytestmark = pytest.mark.django_db

PAGES = ("/", "/produk/", "/kategori/keramik/", "/produk/mangkuk/", "/cari/?q=mangkuk", "/halaman/faq/")
TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="([^"]+)"')


@pytest.fixture(autouse=True)
def bowl(shelf):
    return product("Mangkuk", category=shelf, slug="mangkuk")


def again(client: Client, url: str, answer, **headers: str):
    return client.get(url, headers={"If-None-Match": answer["ETag"], **headers})


@pytest.mark.parametrize("url", PAGES)
def test_a_browser_may_keep_a_page_but_asks_before_each_use(client, url):
    answer = client.get(url)

    assert answer["Cache-Control"] == "private, no-cache"
    assert {"Cookie", "Accept-Encoding"} <= set(answer["Vary"].split(", "))
    assert again(client, url, answer).status_code == 304


@pytest.mark.parametrize("url", PAGES[:5])
def test_a_new_price_is_a_new_page(client, url):
    answer = client.get(url)
    Variant.objects.update(price=123_456)

    fresh = again(client, url, answer)

    assert fresh.status_code == 200
    assert b"Rp123.456" in fresh.content


def test_stock_that_went_is_a_new_page(client):
    answer = client.get("/produk/mangkuk/")
    Variant.objects.update(reserved=10)
    try:
        assert again(client, "/produk/mangkuk/", answer).status_code == 200
    finally:
        Variant.objects.update(reserved=0)


def test_what_one_visitor_keeps_counts_for_nobody_else(client):
    answer = client.get("/produk/mangkuk/")

    assert again(Client(), "/produk/mangkuk/", answer).status_code == 200


def test_the_token_of_a_kept_page_still_counts():
    client = Client(enforce_csrf_checks=True)
    kept = client.get("/produk/mangkuk/")
    assert again(client, "/produk/mangkuk/", kept).status_code == 304
    (token, *_) = TOKEN.findall(kept.content)

    form = {"varian": Variant.objects.get().pk, "jumlah": 1, "csrfmiddlewaretoken": token.decode()}

    assert client.post("/keranjang/tambah/", form)["Location"] == "/keranjang/"


def test_a_login_makes_kept_pages_old():
    user = UserFactory.create()
    client = Client()
    answer = client.get("/produk/mangkuk/")
    client.post("/masuk/", {"email": user.email, "password": PASSWORD})

    assert again(client, "/produk/mangkuk/", answer).status_code == 200


def test_a_message_is_shown_once_and_kept_nowhere(client):
    client.post("/keranjang/tambah/", {"varian": "x", "jumlah": 1})

    answer = client.get("/produk/")

    assert answer["Cache-Control"] == "private, no-store"
    assert "ETag" not in answer


@pytest.mark.parametrize("url", PAGES)
def test_a_packed_page_is_the_same_page(client, url):
    plain = client.get(url)
    packed = client.get(url, headers={"Accept-Encoding": "br, gzip"})

    assert packed["Content-Encoding"] == "gzip"
    assert int(packed["Content-Length"]) < int(plain["Content-Length"]) / 2
    unpacked = gzip.decompress(packed.content)
    assert TOKEN.sub(b"", unpacked) == TOKEN.sub(b"", plain.content)
    assert len(TOKEN.findall(unpacked)) == len(TOKEN.findall(plain.content)) > 0


def test_the_token_is_compressed_with_nothing(client):
    """What somebody types cannot make the answer shorter by being like the token (BREACH)."""
    secret = b"a1b2c3d4e5f6" * 4
    parts = (b"<p>" + secret + b"</p>", b"<p>after</p>")
    packed = [pack(part) for part in parts]

    same, other = join_packed(packed, parts, secret), join_packed(packed, parts, b"q" * len(secret))

    assert secret in same
    assert len(same) == len(other)


def test_a_packed_page_of_many_parts_is_what_it_was():
    parts = tuple(bytes([65 + n]) * n * 1000 for n in range(6))

    assert gzip.decompress(join_packed([pack(part) for part in parts], parts, b"!")) == b"!".join(parts)


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("", False),
        ("br", False),
    ],
)
def test_who_wants_it_packed(header, wanted):
    assert accepts_gzip(header) is wanted


def test_pages_of_one_visitor_are_not_compressed_by_us(client):
    """They hold addresses and order numbers beside what was typed; the ones above hold nothing but the token."""
    assert "Content-Encoding" not in client.get("/keranjang/", headers={"Accept-Encoding": "gzip"})
