"""What search engines and previews are told: sitemaps, robots, canonical addresses, structured data."""

from __future__ import annotations

import json
import re
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from PIL import Image

from shop.models import Product, ProductImage, Variant
from shop.views import sitemaps
from tests.factories import ProductFactory, VariantFactory
from tests.shop.goods import product

pytestmark = pytest.mark.django_db
SITE = settings.SITE_URL
NS = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "i": "http://www.google.com/schemas/sitemap-image/1.1"}


@pytest.fixture
def bowl(shelf):
    bowl = product("Mangkuk </script> & “Nila”", category=shelf, slug="mangkuk", description="<b>Tebal</b>")
    Variant.objects.filter(product=bowl).update(sku="M-1", name="Kecil")
    VariantFactory.create(product=bowl, sku="M-2", name="Besar", price=250_000, on_hand=0, position=2)
    return bowl


def graph(html: str) -> dict[str, Any]:
    """Return the things of the page's JSON-LD by type."""
    (block,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html)
    found = json.loads(block)
    assert found["@context"] == "https://schema.org"
    return {thing["@type"]: thing for thing in found["@graph"]}


def locations(client, path: str) -> list[str]:
    answer = client.get(path)
    assert answer["Content-Type"] == "application/xml; charset=utf-8"
    return [str(loc.text) for loc in ET.fromstring(answer.content).iterfind(".//s:loc", NS)]


class TestLinkedData:
    def test_price_and_stock_are_those_that_people_see(self, client, bowl, read):
        for variant, stock in ((bowl.variants.get(sku="M-1"), "InStock"), (bowl.variants.get(sku="M-2"), "OutOfStock")):
            page = read(client.get("/produk/mangkuk/", {"varian": variant.pk}))
            offer = graph(page.html)["Product"]["offers"]

            assert offer["price"] == str(variant.price)
            assert page.text("p", class_="price price-big") == f"Rp{variant.price:,}".replace(",", ".")
            assert offer["priceCurrency"] == "IDR"
            assert offer["availability"] == f"https://schema.org/{stock}"
            assert ("Pilihan ini sedang habis" in page.html) == (stock == "OutOfStock")

    def test_a_name_cannot_end_the_block(self, client, bowl):
        found = graph(client.get("/produk/mangkuk/").content.decode())["Product"]

        assert found["name"] == bowl.name
        assert found["description"] == "<b>Tebal</b>"
        assert found["image"] == [f"{SITE}{bowl.images.get().large.url}"]

    def test_the_trail_is_the_one_on_the_page(self, client, bowl):
        trail = graph(client.get("/produk/mangkuk/").content.decode())["BreadcrumbList"]["itemListElement"]

        assert [step["name"] for step in trail] == ["Beranda", "Keramik", bowl.name]
        assert trail[1]["item"] == f"{SITE}/kategori/keramik/"
        shelf = graph(client.get("/kategori/keramik/").content.decode())
        assert [step["position"] for step in shelf["BreadcrumbList"]["itemListElement"]] == [1, 2]

    def test_the_front_page_says_who_sells(self, client, bowl):
        found = graph(client.get("/").content.decode())

        assert found["Organization"]["url"] == f"{SITE}/"
        assert found["WebSite"]["potentialAction"]["target"] == f"{SITE}/cari/?q={{q}}"


class TestSitemaps:
    def test_the_index_leads_to_everything_that_is_for_sale(self, client, bowl, shelf, monkeypatch):
        monkeypatch.setattr(sitemaps, "PER_FILE", 2)
        for number in range(2):
            product(category=shelf, slug=f"lain-{number}")
        product(category=shelf, slug="ditarik", is_active=False)
        ProductFactory.create(category=shelf, slug="tanpa-varian")

        files = locations(client, "/sitemap.xml")
        found = [url for file in files for url in locations(client, file.removeprefix(SITE))]

        assert len(files) == 3
        for path in ("/", "/produk/", "/kategori/keramik/", "/halaman/faq/", "/produk/mangkuk/", "/produk/lain-1/"):
            assert found.count(f"{SITE}{path}") == 1
        assert not [url for url in found if "ditarik" in url or "tanpa-varian" in url]
        assert {client.get(url.removeprefix(SITE)).status_code for url in found} == {200}

    def test_a_product_is_listed_with_its_pictures_and_when_it_was_edited(self, client, bowl):
        (url,) = ET.fromstring(client.get("/sitemap-produk-1.xml").content).iterfind("s:url", NS)

        edited = Product.objects.get().updated_at.isoformat(timespec="seconds")
        assert url.findtext("s:lastmod", namespaces=NS) == edited
        assert url.findtext(".//i:loc", namespaces=NS) == f"{SITE}{bowl.images.get().large.url}"

    def test_they_may_be_kept_and_asked_for_anew(self, client, bowl):
        answer = client.get("/sitemap.xml")

        assert answer["Cache-Control"] == "public, max-age=3600"
        assert "Set-Cookie" not in answer
        assert client.get("/sitemap.xml", headers={"If-None-Match": answer["ETag"]}).status_code == 304

    @pytest.mark.parametrize("number", ["0", "2", "99999999999999999999"])
    def test_a_file_that_is_not_there_is_404(self, client, bowl, number):
        assert client.get(f"/sitemap-produk-{number}.xml").status_code == 404

    def test_robots_names_the_sitemap(self, client):
        assert f"Sitemap: {SITE}/sitemap.xml" in client.get("/robots.txt").content.decode()


class TestWhatIsIndexed:
    @pytest.mark.parametrize("path", ["/", "/produk/", "/kategori/keramik/", "/produk/mangkuk/", "/halaman/faq/"])
    def test_the_catalogue_is(self, client, bowl, path, read):
        answer = client.get(path)

        assert "X-Robots-Tag" not in answer
        assert read(answer).one("link", rel="canonical")["href"] == f"{SITE}{path}"

    @pytest.mark.parametrize(
        "path", ["/cari/?q=mangkuk", "/keranjang/", "/checkout/", "/akun/", "/masuk/", "/daftar/", "/produk/tidak-ada/"]
    )
    def test_nothing_else_is(self, client, bowl, path):
        assert client.get(path)["X-Robots-Tag"].startswith("noindex")

    def test_a_filtered_list_names_the_plain_one(self, client, stocked, read):
        page = read(client.get("/produk/?urut=termurah&stok=on&min=5&varian=3"))

        assert page.one("link", rel="canonical")["href"] == f"{SITE}/produk/"

    def test_a_variant_names_its_product(self, client, bowl, read):
        page = read(client.get("/produk/mangkuk/?varian=1"))

        assert page.one("link", rel="canonical")["href"] == f"{SITE}/produk/mangkuk/"


class TestPreviews:
    @pytest.fixture
    def stored(self, bowl, settings, tmp_path):
        settings.MEDIA_ROOT = tmp_path
        content = BytesIO()
        Image.new("RGB", (640, 800), "navy").save(content, "WEBP")
        content.seek(0)
        name = default_storage.save("products/abc-640.webp", content)
        ProductImage.objects.update(large=name)
        return name

    def test_a_product_has_a_picture_of_the_right_size(self, client, stored, read):
        page = read(client.get("/produk/mangkuk/"))
        address = page.one("meta", property="og:image")["content"]

        made, kept = (client.get(address.removeprefix(SITE)) for _ in range(2))

        assert made.content == kept.content
        assert made["Content-Type"] == "image/jpeg"
        assert Image.open(BytesIO(made.content)).size == (1200, 630)
        assert made["Cache-Control"] == "public, max-age=86400"
        assert page.one("meta", property="og:title")["content"]
        assert page.one("meta", property="og:type")["content"] == "product"

    def test_without_a_picture_that_of_the_shop_is_shown(self, client, stored):
        default_storage.delete(stored)
        assert client.get("/produk/mangkuk/gambar.jpg")["Location"].endswith("img/og.jpg")

        ProductImage.objects.all().delete()
        assert client.get("/produk/mangkuk/gambar.jpg").status_code == 302
        assert client.get("/produk/tidak-ada/gambar.jpg").status_code == 404

    def test_other_pages_show_that_of_the_shop(self, client, bowl, read):
        for path in ("/", "/kategori/keramik/", "/halaman/faq/"):
            assert read(client.get(path)).one("meta", property="og:image")["content"].endswith("/img/og.jpg")


class TestTheme:
    @pytest.mark.parametrize(("chosen", "colours"), [("", ["#ffffff", "#17203a"]), ("dark", ["#17203a"] * 2)])
    def test_the_colour_of_the_window_is_that_of_the_page(self, client, chosen, colours, read):
        client.cookies["tema"] = chosen
        page = read(client.get("/"))

        assert [meta["content"] for meta in page.all("meta", name="theme-color")] == colours
        assert page.one("meta", name="color-scheme")["content"] == (chosen or "light dark")
