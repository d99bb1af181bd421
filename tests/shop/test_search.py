"""The search: words, their beginnings, their mistakes; and what it never does."""

from __future__ import annotations

import re

import pytest

from shop.finding import mend, proposals, read
from shop.models import Category, Product, Variant
from shop.spelling import Vocabulary, distance
from tests.factories import CategoryFactory, VariantFactory
from tests.shop.goods import product


@pytest.fixture
def shop(db):
    """A few goods whose words are easily confused."""
    clay = CategoryFactory.create(name="Keramik", slug="keramik")
    cloth = CategoryFactory.create(name="Batik & Tenun", slug="batik-tenun")
    home = CategoryFactory.create(name="Rumah", slug="rumah")
    product("Mangkuk Seladon", category=clay, slug="mangkuk", description="Dibakar dua kali.")
    product("Set Minum Teh", category=clay, slug="set-teh", tagline="Satu teko, empat cangkir.")
    product("Kemeja Kawung", category=cloth, slug="kemeja", details=[{"label": "Bahan", "text": "Katun primisima."}])
    product("Lampu Meja Rotan", category=home, slug="lampu")
    Variant.objects.filter(product__slug="kemeja").update(sku="BTK-KWG-NILA-M", name="Nila, M")


def names(client, words: str, **more: str) -> list[str]:
    answer = client.get("/cari/", {"q": words, **more})
    assert answer.status_code == 200
    return re.findall(r"<h3>(.*?)</h3>", answer.content.decode())


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("mangkuk", ["Mangkuk Seladon"]),
        ("MANGKUK", ["Mangkuk Seladon"]),
        ("mang", ["Mangkuk Seladon"]),  # the beginning
        ("sela mang", ["Mangkuk Seladon"]),  # every word, in whatever order
        ("dibakar", ["Mangkuk Seladon"]),  # the description
        ("cangkir", ["Set Minum Teh"]),  # the short line
        ("primisima", ["Kemeja Kawung"]),  # the details
        ("tenun", ["Kemeja Kawung"]),  # the shelf
        ("BTK-KWG-NILA-M", ["Kemeja Kawung"]),  # the SKU
        ("btk kwg", ["Kemeja Kawung"]),
        ("nila", ["Kemeja Kawung"]),  # the variant
        ("mangkkuk", ["Mangkuk Seladon"]),  # a letter too many
        ("mankuk", ["Mangkuk Seladon"]),  # a letter left out
        ("mnagkuk", ["Mangkuk Seladon"]),  # two swapped
        ("mangkok", ["Mangkuk Seladon"]),  # another letter
        ("mangkkuk seldon", ["Mangkuk Seladon"]),  # both words
        ("kemja", ["Kemeja Kawung"]),
        ("minuman", ["Set Minum Teh"]),  # the stem
        ("mangkuk kawung", []),  # each is there, but not together
        ("sepatu", []),
        ("m", ["Kemeja Kawung"]),  # one letter is only itself: a size
    ],
)
def test_what_is_found(client, shop, words, found):
    assert names(client, words) == found


def test_the_stemmer_does_not_take_shirts_for_tables(client, shop):
    assert names(client, "meja") == ["Lampu Meja Rotan"]
    assert names(client, "kemeja") == ["Kemeja Kawung"]


def test_what_fits_best_comes_first_and_other_orders_are_kept(client, shop):
    product("Rak Buku", slug="rak", description="Muat satu mangkuk.", prices=(5_000,))

    assert names(client, "mangkuk") == ["Mangkuk Seladon", "Rak Buku"]
    assert names(client, "mangkuk", urut="termurah") == ["Rak Buku", "Mangkuk Seladon"]


def test_it_says_what_it_took_a_misspelling_for(client, shop, read):
    page = read(client.get("/cari/", {"q": "mangkkuk"}))

    assert page.text("h1") == "Hasil untuk “mangkuk”"
    assert "Tidak ada yang cocok dengan “mangkkuk”" in page.text("p", role="status")
    assert page.all("a", href="/cari/?q=mangkuk")
    assert page.one("input", id="q")["value"] == "mangkkuk"


def test_nothing_found_proposes_words_and_shelves(client, shop, read):
    page = read(client.get("/cari/", {"q": "mangkuk kawung"}))

    assert "Mungkin maksudmu" in page.text("div", class_="empty")
    assert page.all("a", href="/cari/?q=mangkuk")
    assert page.all("a", class_="chip", href="/kategori/keramik/")


def test_filters_narrow_what_was_found_and_are_not_mistaken_for_a_misspelling(client, shop, read):
    page = read(client.get("/cari/", {"q": "mangkuk", "maks": "5"}))

    assert "Tidak ada barang untuk saringan ini" in page.html
    assert page.one("a", class_="btn", href="/cari/?q=mangkuk")


def test_what_is_not_sold_is_neither_found_nor_proposed(client, shop):
    Product.objects.filter(slug="mangkuk").update(is_active=False)
    Variant.objects.filter(product__slug="kemeja").update(is_active=False)

    assert names(client, "mangkuk") == []
    assert mend("mangkkuk") is None
    assert names(client, "kawung") == []


@pytest.mark.parametrize(
    "words",
    [
        *("\x00", "'", "''':*", "a & b | !c", "foo:*A", "<-> <2>", "\\", "%", "()", "🏺", "ｆｕｌｌ", "é" * 50, "_"),
        *("1e999", "'; drop table shop_product; --", "x" * 10_240, "a " * 5_000, "\u202e\ud7ff", "İ" * 60),
    ],
)  # fmt: skip
def test_it_takes_whatever_is_typed(client, shop, words):
    for query in (words, f"mangkuk {words}"):
        assert client.get("/cari/", {"q": query}).status_code == 200


def test_a_line_that_is_no_text_is_taken_too(client, shop):
    assert client.get("/cari/?q=%ff%fe%00&q=mangkuk").status_code == 200


def test_the_words_follow_every_change_however_it_is_made(client, shop):
    Product.objects.filter(slug="mangkuk").update(name="Cawan Seladon")
    Category.objects.filter(slug="rumah").update(name="Kamar")
    Variant.objects.filter(product__slug="kemeja").update(sku="BARU-1")
    VariantFactory.create(product=Product.objects.get(slug="lampu"), sku="LMP-9", name="Tembaga")

    assert names(client, "cawan") == ["Cawan Seladon"]
    assert names(client, "kamar") == ["Lampu Meja Rotan"]
    assert names(client, "rumah") == []
    assert names(client, "kwg") == []
    assert names(client, "tembaga") == ["Lampu Meja Rotan"]
    Variant.objects.filter(sku="LMP-9").update(is_active=False)
    assert names(client, "tembaga") == []


def test_a_text_too_long_for_a_tsvector_is_still_saved(client, shop):
    Product.objects.filter(slug="mangkuk").update(
        description=" ".join(f"kata{n}" for n in range(200_000)), details=[["Isi", "y" * 3_000_000]]
    )

    assert names(client, "kata7") == ["Mangkuk Seladon"]


def test_a_product_without_use_can_be_deleted(shop):
    unused = Product.objects.create(category=Category.objects.get(slug="rumah"), name="Salah", slug="salah")
    Variant.objects.create(product=unused, sku="SALAH", price=1, weight=1)

    unused.delete()

    assert read("salah").query == "'salah':*"
    assert mend("salah") is None


def test_proposals_are_words_that_find_something(client, shop):
    found = proposals("kemejaa rotann")

    assert set(found) == {"kemeja", "rotan"}
    assert all(names(client, word) for word in found)


@pytest.mark.parametrize(
    ("one", "other", "edits"),
    [("kopi", "kopi", 0), ("kopi", "kpoi", 1), ("kopi", "kop", 1), ("kopi", "kopii", 1), ("kopi", "koki", 1),
     ("kopi", "opki", 2), ("kopi", "sabun", 3)],
)  # fmt: skip
def test_distance(one, other, edits):
    assert distance(one, other, 2) == edits
    assert distance(other, one, 2) == edits


def test_short_words_are_like_none_and_ties_go_to_the_most_used():
    words = Vocabulary(["kopi", "koki", "teh", "tas"])

    assert words.like("tes") == ()
    assert words.like("teg") == ()
    assert words.like("koli") == ("kopi", "koki")
