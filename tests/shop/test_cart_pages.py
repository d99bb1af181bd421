"""The cart's pages: adding, changing, accepting what changed; everything with JavaScript off."""

from __future__ import annotations

from pathlib import Path

import django_htmx
import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction

from shop.models import Cart, CartItem, CartStatus, Variant
from shop.selectors import CART_SESSION_KEY
from shop.services import stock
from tests.factories import ProductFactory, UserFactory, VariantFactory

pytestmark = pytest.mark.django_db
BAD_QUANTITIES = ["-1", "0", "abc", "", "1.5", "1e3", "100", str(2**63), "９９９", "\x00"]


def put(client, variant, quantity="1"):
    return client.post("/keranjang/tambah/", {"varian": variant.pk, "produk": variant.product.slug, "jumlah": quantity})


def lines() -> dict[int, int]:
    return dict(CartItem.objects.values_list("variant_id", "quantity"))


def lose(variant, quantity):
    """Take units out of stock the way staff do."""
    with transaction.atomic():
        stock.adjust(variant_id=variant.pk, delta=-quantity, reason="pecah", actor="test")


class TestAdding:
    def test_the_first_article_makes_the_cart_and_leads_there(self, client, read):
        variant = VariantFactory.create()

        answer = put(client, variant, "2")
        page = read(client.get("/keranjang/"))

        assert (answer.status_code, answer["Location"]) == (303, "/keranjang/")
        assert lines() == {variant.pk: 2}
        assert client.session[CART_SESSION_KEY] == Cart.objects.get().token
        assert "Sudah masuk keranjang." in page.html
        assert page.text("span", class_="count") == "2"

    def test_the_second_goes_into_the_same_cart(self, client):
        for _ in range(2):
            put(client, VariantFactory.create())

        assert Cart.objects.count() == 1
        assert len(lines()) == 2

    @pytest.mark.parametrize("quantity", BAD_QUANTITIES)
    def test_a_bad_quantity_names_its_field_and_loses_nothing(self, client, read, quantity):
        first, second = VariantFactory.create(), VariantFactory.create(options={"Warna": "Nila"}, swatch="#1E3168")
        put(client, first)

        answer = put(client, second, quantity)
        page = read(answer)

        assert answer.status_code == 400
        assert page.title.startswith("Kesalahan: ")
        assert page.one("a", href="#id_jumlah")
        box = page.one("input", id="id_jumlah")
        assert box["aria-invalid"] == "true"
        assert page.one("p", id=box["aria-describedby"])
        assert box["value"] == quantity.replace("\x00", "\ufffd") or quantity == "\x00"
        assert page.text("h1") == second.product.name
        assert lines() == {first.pk: 1}

    @pytest.mark.parametrize("varian", ["", "abc", "-1", "0", str(2**63), str(2**63 - 1), "\x00"])
    def test_a_bad_variant_shows_the_product_it_was_about(self, client, read, varian):
        variant = VariantFactory.create()

        answer = client.post("/keranjang/tambah/", {"varian": varian, "produk": variant.product.slug, "jumlah": "1"})

        assert answer.status_code in {303, 400}
        assert lines() == {}
        if answer.status_code == 400:
            assert read(answer).text("h1") == variant.product.name

    def test_what_is_no_longer_sold_says_so(self, client, read):
        product = ProductFactory.create()
        VariantFactory.create(product=product)
        gone = VariantFactory.create(product=product, is_active=False)

        answer = put(client, gone)

        assert answer.status_code == 400
        assert "Barang ini tidak lagi dijual." in read(answer).html
        assert lines() == {}

    def test_a_product_that_is_gone_altogether_leads_to_the_list(self, client, read):
        answer = put(client, VariantFactory.create(product=ProductFactory.create(is_active=False)))

        assert answer["Location"] == "/produk/"
        assert "Barang ini tidak lagi dijual." in read(client.get("/produk/")).html

    def test_more_than_there_is_goes_in_and_the_cart_says_so(self, client, read):
        put(client, VariantFactory.create(on_hand=2), "5")

        page = read(client.get("/keranjang/"))

        assert "tinggal 2" in page.html
        assert page.all("form", action="/keranjang/terima/")

    @pytest.mark.parametrize("url", ["/keranjang/tambah/", "/keranjang/ubah/", "/keranjang/terima/"])
    def test_typed_into_the_address_line_they_lead_to_the_cart(self, client, url):
        answer = client.get(url)

        assert (answer.status_code, answer["Location"]) == (303, "/keranjang/")
        assert not Session.objects.exists()


class TestLooking:
    def test_an_empty_cart_leads_on_and_makes_nothing(self, client, read):
        page = read(client.get("/keranjang/"))

        assert "Keranjangmu masih kosong" in page.html
        assert page.all("a", class_="btn", href="/produk/")
        assert not Cart.objects.exists()
        assert not Session.objects.exists()

    def test_a_guest_is_offered_to_buy_without_an_account_first(self, client, read):
        put(client, VariantFactory.create())

        page = read(client.get("/keranjang/"))
        ways = [attrs for tag, attrs in page.elements if tag == "a" and "btn-wide" in attrs.get("class", "")]

        assert [way["href"] for way in ways] == ["/checkout/", "/masuk/?next=/checkout/"]
        assert "btn-main" in ways[0]["class"]
        assert "btn-main" not in ways[1]["class"]
        assert page.text("a", class_="btn btn-main btn-wide") == "Belanja tanpa akun"

    def test_a_member_has_one_way(self, client, read):
        client.force_login(UserFactory.create())
        put(client, VariantFactory.create())

        page = read(client.get("/keranjang/"))

        assert page.text("a", class_="btn btn-main btn-wide") == "Lanjut ke pembayaran"
        assert page.all("a", class_="btn btn-wide") == []

    def test_two_variants_of_one_product_are_told_apart_by_every_name(self, client, read):
        product = ProductFactory.create(name="Kemeja Batik Kawung")
        small, large = (VariantFactory.create(product=product, name=name) for name in ("Nila, M", "Nila, L"))
        put(client, small)
        put(client, large)

        page = read(client.get("/keranjang/"))
        wrong = read(client.post("/keranjang/ubah/", {f"jumlah-{large.pk}": "abc"}))

        for variant in (small, large):
            name = f"Kemeja Batik Kawung {variant.name}"
            assert page.text("label", for_=f"id_jumlah-{variant.pk}") == f"Jumlah {name}"
            assert page.text("button", name="hapus", value=str(variant.pk)) == f"Hapus {name}"
            assert page.text("a", href=f"{product.get_absolute_url()}?varian={variant.pk}") == name
        told = wrong.text("a", href=f"#id_jumlah-{large.pk}")
        assert told == "Jumlah Kemeja Batik Kawung Nila, L: tulis angka 1 sampai 99."

    def test_what_changed_names_the_variant(self, client, read):
        product = ProductFactory.create(name="Kemeja Batik Kawung")
        gone, dearer = (VariantFactory.create(product=product, name=name, on_hand=5) for name in ("Nila, M", "Nila, L"))
        put(client, gone)
        put(client, dearer)
        lose(gone, 5)
        Variant.objects.filter(pk=dearer.pk).update(price=125_000)

        told = read(client.get("/keranjang/")).text("form", action="/keranjang/terima/")

        assert "Kemeja Batik Kawung Nila, M habis" in told
        assert "Harga Kemeja Batik Kawung Nila, L sekarang Rp125.000" in told

    def test_sums(self, client, read):
        put(client, VariantFactory.create(price=45_000), "2")
        put(client, VariantFactory.create(price=1_000_000))

        assert "Rp1.090.000" in read(client.get("/keranjang/")).text("dl", class_="sums")

    def test_a_cart_that_became_an_order_is_not_an_empty_one(self, client, read):
        put(client, VariantFactory.create())
        Cart.objects.update(status=CartStatus.CONVERTED)

        page = read(client.get("/keranjang/"))

        assert "sudah menjadi pesanan" in page.html
        assert page.all("a", class_="btn btn-main", href="/checkout/")
        assert page.all("span", class_="count") == []


class TestChanging:
    def test_quantities_of_several_lines_at_once(self, client):
        first, second = VariantFactory.create(), VariantFactory.create()
        put(client, first)
        put(client, second)

        answer = client.post("/keranjang/ubah/", {f"jumlah-{first.pk}": "3", f"jumlah-{second.pk}": "1"})

        assert (answer.status_code, answer["Location"]) == (303, "/keranjang/")
        assert lines() == {first.pk: 3, second.pk: 1}

    def test_zero_takes_a_line_out(self, client):
        variant = VariantFactory.create()
        put(client, variant)

        client.post("/keranjang/ubah/", {f"jumlah-{variant.pk}": "0"})

        assert lines() == {}

    @pytest.mark.parametrize("quantity", [text for text in BAD_QUANTITIES if text not in {"0", ""}])
    def test_a_bad_quantity_names_its_field_and_changes_nothing(self, client, read, quantity):
        good, bad = VariantFactory.create(), VariantFactory.create()
        put(client, good)
        put(client, bad)

        answer = client.post("/keranjang/ubah/", {f"jumlah-{good.pk}": "7", f"jumlah-{bad.pk}": quantity})
        page = read(answer)

        assert answer.status_code == 400
        assert page.title.startswith("Kesalahan: ")
        assert page.text("a", href=f"#id_jumlah-{bad.pk}") == f"Jumlah {bad.product.name}: tulis angka 1 sampai 99."
        assert page.one("input", id=f"id_jumlah-{bad.pk}")["aria-invalid"] == "true"
        assert page.one("input", id=f"id_jumlah-{good.pk}")["value"] == "7"
        assert lines() == {good.pk: 1, bad.pk: 1}

    def test_a_missing_or_empty_box_changes_nothing(self, client):
        first, second = VariantFactory.create(), VariantFactory.create()
        put(client, first, "4")
        put(client, second, "5")

        client.post("/keranjang/ubah/", {f"jumlah-{first.pk}": ""})

        assert lines() == {first.pk: 4, second.pk: 5}

    def test_the_button_takes_one_line_out(self, client):
        first, second = VariantFactory.create(), VariantFactory.create()
        put(client, first)
        put(client, second)

        client.post("/keranjang/ubah/", {"hapus": first.pk})

        assert lines() == {second.pk: 1}

    @pytest.mark.parametrize("value", ["abc", "-1", "", str(2**63), "999999"])
    def test_taking_out_nonsense_changes_nothing(self, client, value):
        variant = VariantFactory.create()
        put(client, variant)

        assert client.post("/keranjang/ubah/", {"hapus": value}).status_code == 303
        assert lines() == {variant.pk: 1}

    def test_what_is_no_longer_sold_cannot_be_raised_but_taken_out(self, client, read):
        variant = VariantFactory.create()
        put(client, variant)
        Variant.objects.filter(pk=variant.pk).update(is_active=False)

        answer = client.post("/keranjang/ubah/", {f"jumlah-{variant.pk}": "3"})
        client.post("/keranjang/ubah/", {"hapus": variant.pk})

        assert answer.status_code == 400
        assert "Barang ini tidak lagi dijual." in read(answer).html
        assert lines() == {}

    def test_without_a_cart_there_is_nothing_to_change(self, client):
        assert client.post("/keranjang/ubah/", {"hapus": "1"}).status_code == 303
        assert not Cart.objects.exists()

    def test_a_cart_that_became_an_order_says_so(self, client, read):
        variant = VariantFactory.create()
        put(client, variant)
        Cart.objects.update(status=CartStatus.CONVERTED)

        client.post("/keranjang/ubah/", {"hapus": variant.pk})

        assert "Keranjang ini sudah menjadi pesanan." in read(client.get("/keranjang/")).html
        assert lines() == {variant.pk: 1}

    def test_nobody_changes_the_cart_of_another_session(self, client, django_user_model):
        variant = VariantFactory.create()
        put(client, variant)

        type(client)().post("/keranjang/ubah/", {"hapus": variant.pk})

        assert lines() == {variant.pk: 1}


class TestUndoing:
    @pytest.mark.parametrize("how", ["hapus", "nol"])
    def test_what_was_taken_out_is_offered_once_and_comes_back_as_it_was(self, client, read, how):
        variant = VariantFactory.create()
        put(client, variant, "3")
        client.post("/keranjang/ubah/", {"hapus": variant.pk} if how == "hapus" else {f"jumlah-{variant.pk}": "0"})

        page = read(client.get("/keranjang/"))
        assert "dikeluarkan dari keranjang" in page.html
        assert f'name="kembalikan" value="{variant.pk}"' in page.html
        assert 'name="jumlah" value="3"' in page.html
        assert "dikeluarkan dari keranjang" not in read(client.get("/keranjang/")).html
        client.post("/keranjang/ubah/", {"kembalikan": variant.pk, "jumlah": "3"})

        assert lines() == {variant.pk: 3}

    @pytest.mark.parametrize("pk", ["abc", "", "0", "-1", str(2**63), "999999"])
    @pytest.mark.parametrize("quantity", ["1", "0", "abc", "100", str(2**70)])
    def test_putting_back_nonsense_changes_nothing(self, client, pk, quantity):
        put(client, variant := VariantFactory.create())

        assert client.post("/keranjang/ubah/", {"kembalikan": pk, "jumlah": quantity}).status_code == 303
        assert lines() == {variant.pk: 1}

    def test_what_is_no_longer_sold_does_not_come_back(self, client, read):
        put(client, variant := VariantFactory.create())
        client.post("/keranjang/ubah/", {"hapus": variant.pk})
        Variant.objects.filter(pk=variant.pk).update(is_active=False)

        client.post("/keranjang/ubah/", {"kembalikan": variant.pk, "jumlah": "1"})

        assert "Barang ini tidak lagi dijual." in read(client.get("/keranjang/")).html
        assert lines() == {}


def test_the_box_says_why_its_number_cannot_be_higher(client, read):
    variant = VariantFactory.create(on_hand=4)
    put(client, variant, "3")
    assert "Sudah semua" not in read(client.get("/keranjang/")).html

    client.post("/keranjang/ubah/", {f"jumlah-{variant.pk}": "4"})

    page = read(client.get("/keranjang/")).html
    assert "Sudah semua: stoknya 4." in page
    assert f'aria-describedby="id_jumlah-{variant.pk}_limit"' in page


def test_the_htmx_that_is_served_is_the_one_its_package_brings():
    own = Path(settings.BASE_DIR) / "static" / "js"
    package = Path(django_htmx.__file__).parent / "static" / "django_htmx"

    assert (own / "htmx.min.js").read_bytes() == (package / "htmx-2.min.js").read_bytes()
    assert "Zero-Clause BSD" in (own / "LICENSE-htmx.txt").read_text()


class TestAccepting:
    def test_a_changed_price_is_told_and_accepted(self, client, read):
        variant = VariantFactory.create(price=100_000)
        put(client, variant)
        Variant.objects.filter(pk=variant.pk).update(price=125_000)

        before = read(client.get("/keranjang/"))
        client.post("/keranjang/terima/")
        after = read(client.get("/keranjang/"))

        assert "sekarang Rp125.000, sebelumnya Rp100.000" in before.html
        assert before.all("a", class_="btn btn-main btn-wide") == []
        assert CartItem.objects.get().seen_price == 125_000
        assert after.all("a", class_="btn btn-main btn-wide", href="/checkout/")

    def test_what_is_short_becomes_what_is_there_and_what_is_gone_leaves(self, client, read):
        short, sold_out, withdrawn = (VariantFactory.create(on_hand=5) for _ in range(3))
        for variant in (short, sold_out, withdrawn):
            put(client, variant, "4")
        lose(short, 3)
        lose(sold_out, 5)
        Variant.objects.filter(pk=withdrawn.pk).update(is_active=False)

        before = read(client.get("/keranjang/")).text("form", action="/keranjang/terima/")
        client.post("/keranjang/terima/")

        assert "tinggal 2. Jumlahnya menjadi 2, dari 4." in before
        assert f"{sold_out.product.name} habis" in before
        assert f"{withdrawn.product.name} tidak dijual lagi" in before
        assert lines() == {short.pk: 2}

    def test_it_can_be_done_twice(self, client):
        put(client, VariantFactory.create())

        assert {client.post("/keranjang/terima/").status_code for _ in range(2)} == {303}
