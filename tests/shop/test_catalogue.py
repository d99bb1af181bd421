"""The catalogue: the home page, lists with their filters, the search, and the page of one product."""

from __future__ import annotations

import re

import pytest

from tests.factories import ProductFactory, VariantFactory
from tests.shop.goods import product

pytestmark = pytest.mark.django_db


class TestHome:
    def test_it_shows_shelves_and_what_is_new(self, client, stocked, read):
        page = read(client.get("/"))

        assert "Keramik" in page.text("ul", class_="cats")
        assert "26 barang" in page.text("ul", class_="cats")
        assert "Kopi Gayo" in page.text("ul", class_="grid")

    def test_an_empty_shop_is_a_page_too(self, client, read):
        answer = client.get("/")

        assert answer.status_code == 200
        assert "Rak masih kami isi" in read(answer).html


class TestLists:
    def test_24_on_a_page_and_the_rest_on_the_next(self, client, stocked, read):
        first, second = (read(client.get("/kategori/keramik/", {"halaman": n})) for n in (1, 2))

        assert len(first.all("li", class_="card")) == 24
        assert len(second.all("li", class_="card")) == 2
        assert first.text("h2", id="h-hasil") == "26 barang"
        assert second.one("link", rel="canonical")["href"].endswith("/kategori/keramik/?halaman=2")

    @pytest.mark.parametrize("number", ["0", "-1", "abc", "999", "1e3", str(2**63)])
    def test_a_page_that_is_not_there_shows_one_that_is(self, client, stocked, number):
        assert client.get("/produk/", {"halaman": number}).status_code == 200

    def test_turning_the_page_keeps_the_wishes(self, client, stocked, read):
        page = read(client.get("/produk/?urut=termurah&min=100"))

        assert page.one("a", rel="next")["href"] == "?urut=termurah&amp;min=100&amp;halaman=2".replace("&amp;", "&")

    def test_only_what_is_sold_is_shown(self, client, shelf, read):
        product("Dijual", category=shelf)
        product("Ditarik", category=shelf, is_active=False)
        ProductFactory.create(name="Tanpa varian", category=shelf)

        page = read(client.get("/produk/"))

        assert "Dijual" in page.html
        assert "Ditarik" not in page.html
        assert "Tanpa varian" not in page.html

    @pytest.mark.parametrize(
        ("order", "names"),
        [("terbaru", ["C", "B", "A"]), ("termurah", ["B", "A", "C"]), ("termahal", ["C", "A", "B"])],
    )
    def test_order(self, client, shelf, read, order, names):
        for name, price in (("A", 20_000), ("B", 10_000), ("C", 30_000)):
            product(name, category=shelf, prices=(price,))

        page = read(client.get("/produk/", {"urut": order}))

        assert re.findall(r"<h3>(.)</h3>", page.html) == names

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("min=20000", {"B", "C"}),
            ("maks=20000", {"A", "B"}),
            ("min=Rp20.000&maks=20000", {"B"}),
            ("stok=on", {"A", "C"}),
        ],
    )
    def test_filters(self, client, shelf, read, query, names):
        for name, price, on_hand in (("A", 10_000, 1), ("B", 20_000, 0), ("C", 30_000, 1)):
            product(name, category=shelf, prices=(price,), on_hand=on_hand)

        page = read(client.get(f"/produk/?{query}"))

        assert set(re.findall(r"<h3>(.)</h3>", page.html)) == names
        assert page.all("a", class_="chip")

    def test_the_price_that_is_compared_is_the_one_on_the_card(self, client, shelf, read):
        product("Dua harga", category=shelf, prices=(40_000, 60_000))

        assert "Dua harga" not in read(client.get("/produk/?min=50000")).html
        assert "Dua harga" in read(client.get("/produk/?min=30000&maks=50000")).html

    def test_a_filter_can_be_taken_off_alone(self, client, stocked, read):
        page = read(client.get("/produk/?min=100&stok=on&halaman=2"))

        assert [chip["href"] for chip in page.all("a", class_="chip")] == ["?min=100", "?stok=on", "/produk/"]

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("min=abc", "min"),
            ("min=-5", "min"),
            (f"maks={2**63}", "maks"),
            ("min=9&maks=1", "maks"),
            ("urut=x", "urut"),
        ],
    )
    def test_a_bad_wish_is_said_at_its_field_and_shows_the_list(self, client, stocked, read, query, field):
        answer = client.get(f"/produk/?{query}")
        page = read(answer)

        assert answer.status_code == 200
        assert page.title.startswith("Kesalahan: ")
        assert page.all("a", href=f"#id_{field}")
        assert len(page.all("li", class_="card")) == 24

    def test_nothing_left_says_what_to_do(self, client, stocked, read):
        page = read(client.get("/produk/?maks=5"))

        assert "Belum ada yang cocok" in page.html
        assert page.all("a", class_="btn", href="/produk/")

    def test_an_unknown_category_is_404(self, client):
        assert client.get("/kategori/tidak-ada/").status_code == 404

    def test_a_card_says_what_is_sold_out_and_what_is_low(self, client, shelf, read):
        product("Habis sudah", category=shelf, on_hand=0)
        product("Tinggal dua", category=shelf, on_hand=2)
        product("Dua harga", category=shelf, prices=(20_000, 10_000))

        page = read(client.get("/produk/"))

        assert "Habis" in page.text("li", class_="card", data_sold="")
        assert "Sisa 2" in page.html
        assert "Mulai" in page.html
        assert "Rp10.000" in page.html


class TestSearch:
    def test_every_word_must_be_there_in_whatever_case(self, client, shelf, read):
        product("Mangkuk Seladon", category=shelf)
        product("Piring Seladon", category=shelf)

        page = read(client.get("/cari/", {"q": "SELADON mangkuk"}))

        assert page.text("ul", class_="grid grid-3").startswith("Mangkuk Seladon")
        assert "Piring" not in page.html
        assert page.one("input", id="q")["value"] == "SELADON mangkuk"

    def test_nothing_found_gives_tips_and_ways_on(self, client, stocked, read):
        page = read(client.get("/cari/", {"q": "sepatu"}))

        assert "Periksa ejaannya" in page.html
        assert page.all("a", class_="chip", href="/kategori/keramik/")

    @pytest.mark.parametrize("words", ["\x00", "%", "'; drop table", "<script>alert(1)</script>", "x" * 5000, "🏺"])
    def test_it_takes_whatever_is_typed(self, client, stocked, words):
        answer = client.get("/cari/", {"q": words})

        assert answer.status_code == 200
        assert b"<script>alert" not in answer.content


class TestProduct:
    @pytest.fixture
    def shirt(self, shelf):
        made = ProductFactory.create(
            name="Kemeja", slug="kemeja", category=shelf, details=[{"label": "Bahan", "text": "Katun."}]
        )
        for number, (colour, size, on_hand, price) in enumerate(
            [
                ("Nila", "M", 5, 100_000),
                ("Nila", "XL", 0, 120_000),
                ("Sogan", "M", 2, 110_000),
                ("Marun", "L", 0, 99_000),
            ],
        ):
            VariantFactory.create(
                product=made,
                sku=f"K-{colour}-{size}",
                name=f"{colour}, {size}",
                options={"Warna": colour, "Ukuran": size},
                swatch={"Nila": "#1E3168", "Sogan": "#6B4526", "Marun": "#6B1F2B"}[colour],
                on_hand=on_hand,
                price=price,
                position=number,
            )
        return made

    def variant(self, shirt, sku):
        return shirt.variants.get(sku=sku)

    def test_the_first_variant_that_is_there_is_chosen(self, client, shirt, read):
        page = read(client.get("/produk/kemeja/"))

        assert page.one("input", type="radio", checked="")["value"] == str(self.variant(shirt, "K-Nila-M").pk)
        assert page.text("p", class_="price price-big") == "Rp100.000"

    def test_sold_out_ones_stay_visible_and_cannot_be_chosen(self, client, shirt, read):
        page = read(client.get("/produk/kemeja/"))

        sold = page.one("input", type="radio", disabled="")
        assert sold["data-name"] == "XL"
        assert "XL habis" in page.text("form", id="beli")
        assert "Marun habis" in page.text("form", id="beli")

    def test_the_address_says_which_variant_is_shown(self, client, shirt, read):
        sogan = self.variant(shirt, "K-Sogan-M")

        page = read(client.get("/produk/kemeja/", {"varian": sogan.pk}))

        assert page.text("p", class_="price price-big") == "Rp110.000"
        assert page.text("p", data_show="note") == "Sisa 2"
        assert page.one("input", id="id_jumlah")["max"] == "2"
        assert page.one("input", type="radio")["value"] == str(sogan.pk)

    def test_a_sold_out_variant_can_be_looked_at_but_not_bought(self, client, shirt, read):
        page = read(client.get("/produk/kemeja/", {"varian": self.variant(shirt, "K-Nila-XL").pk}))

        assert "Pilihan ini sedang habis" in page.html
        assert page.all("button", class_="btn btn-main") == []

    @pytest.mark.parametrize("wanted", ["abc", "0", "-1", str(2**70), "\x00", ""])
    def test_an_unknown_variant_is_passed_over(self, client, shirt, wanted):
        assert client.get("/produk/kemeja/", {"varian": wanted}).status_code == 200

    def test_pictures_are_marked_as_illustrations(self, client, shelf, read):
        made = product(category=shelf)

        page = read(client.get(made.get_absolute_url()))

        assert page.text("span", class_="pic-tag") == "Ilustrasi"
        assert page.all("img", fetchpriority="high")

    def test_related_ones_come_from_the_same_shelf(self, client, shirt, shelf, read):
        product("Teman serak", category=shelf)
        product("Rak lain")

        page = read(client.get("/produk/kemeja/"))

        assert "Teman serak" in page.html
        assert "Rak lain" not in page.html

    def test_details_are_shown(self, client, shirt, read):
        assert "Katun." in read(client.get("/produk/kemeja/")).text("form", id="beli")

    @pytest.mark.parametrize("slug", ["tidak-ada", "ditarik"])
    def test_what_is_not_sold_is_404(self, client, shelf, slug):
        product("Ditarik", category=shelf, slug="ditarik", is_active=False)

        assert client.get(f"/produk/{slug}/").status_code == 404
