"""The catalogue and the pages around it: what they show, what they cost, and what they never do."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client

from config.unavailable import static_page
from shop.views.pages import PAGES
from tests.factories import UserFactory, VariantFactory

pytestmark = pytest.mark.django_db
TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


EVERY_PAGE = [
    "/",
    "/produk/",
    "/kategori/keramik/",
    "/cari/",
    "/cari/?q=mangkuk",
    "/cari/?q=tidak-ada",
    "/produk/kopi-gayo/",
    "/keranjang/",
    "/masuk/",
    "/daftar/",
    *(f"/halaman/{slug}/" for slug in PAGES),
]


class TestEveryPage:
    @pytest.mark.parametrize("url", EVERY_PAGE)
    def test_it_stands_on_the_same_frame(self, client, small, read, url):
        answer = client.get(url)
        page = read(answer)

        assert answer.status_code == 200
        assert page.title.endswith("infiya.store") or page.title.startswith("infiya.store")
        assert page.one("html")["lang"] == "id"
        assert len(page.all("h1")) == 1
        assert page.one("a", class_="skip")["href"] == "#" + page.one("main")["id"]
        assert len(page.one("meta", name="description")["content"]) > 20

    @pytest.mark.parametrize("url", EVERY_PAGE)
    def test_nothing_is_inline(self, client, small, read, url):
        page = read(client.get(url))

        assert [attrs for tag, attrs in page.elements if "style" in attrs] == []
        assert [attrs for tag, attrs in page.elements if any(name.startswith("on") for name in attrs)] == []
        assert page.all("style") == []
        # Linked data is no script: no browser runs it.
        assert all(script.get("src") or script.get("type") == "application/ld+json" for script in page.all("script"))

    @pytest.mark.parametrize("url", EVERY_PAGE)
    def test_a_stranger_gets_no_session(self, client, small, url):
        client.get(url)

        assert settings.SESSION_COOKIE_NAME not in client.cookies
        assert not Session.objects.exists()

    @pytest.mark.parametrize("url", EVERY_PAGE)
    def test_every_field_has_a_label_and_every_picture_a_size(self, client, small, read, url):
        page = read(client.get(url))

        labelled = {label.get("for") for label in page.all("label")}
        boxes = [box for tag in ("input", "select", "textarea") for box in page.all(tag) if box.get("type") != "hidden"]
        assert [box for box in boxes if box.get("id") not in labelled and box.get("type") != "radio"] == []
        assert all({"width", "height", "alt"} <= set(image) for image in page.all("img"))

    @pytest.mark.parametrize("url", ["/keranjang/", "/masuk/", "/daftar/", "/cari/?q=kopi"])
    def test_pages_of_ones_own_are_not_for_search_engines(self, client, read, url):
        page = read(client.get(url))

        assert "noindex" in page.one("meta", name="robots")["content"]
        assert page.all("link", rel="canonical") == []

    def test_ids_are_unique(self, client, small, read):
        for url in EVERY_PAGE:
            ids = [attrs["id"] for _, attrs in read(client.get(url)).elements if "id" in attrs]
            assert len(ids) == len(set(ids)), url


class TestCost:
    """A page costs a bounded number of queries, however much it shows."""

    @pytest.mark.parametrize(
        ("url", "most"),
        [
            ("/", 6),
            ("/produk/", 5),
            ("/kategori/keramik/", 5),
            ("/cari/?q=mangkuk", 5),
            ("/produk/kopi-gayo/", 6),
            ("/halaman/faq/", 1),
        ],
    )
    def test_for_a_stranger(self, client, stocked, django_assert_max_num_queries, url, most):
        with django_assert_max_num_queries(most):
            client.get(url)

    def test_the_cart(self, client, stocked, django_assert_max_num_queries):
        for _ in range(4):
            client.post("/keranjang/tambah/", {"varian": VariantFactory.create().pk, "jumlah": "1"})

        with django_assert_max_num_queries(6):
            client.get("/keranjang/")

    def test_a_member_with_a_cart_costs_three_more(self, client, stocked, django_assert_max_num_queries):
        client.force_login(UserFactory.create())
        client.post("/keranjang/tambah/", {"varian": VariantFactory.create().pk, "jumlah": "1"})

        with django_assert_max_num_queries(9):
            client.get("/")


class TestTheme:
    def test_it_is_remembered_and_rendered(self, client, read):
        answer = client.post("/tema/", {"tema": "dark", "next": "/masuk/"})

        assert (answer.status_code, answer["Location"]) == (303, "/masuk/")
        assert client.cookies["tema"].value == "dark"
        assert not client.cookies["tema"]["httponly"]  # the script writes it too
        assert read(client.get("/")).one("html")["data-theme"] == "dark"

    def test_it_can_be_left_to_the_device_again(self, client, read):
        client.post("/tema/", {"tema": "dark"})

        client.post("/tema/", {"tema": ""})

        assert "data-theme" not in read(client.get("/")).one("html")

    @pytest.mark.parametrize(
        "goal", ["https://jahat.example/", "//jahat.example", "javascript:alert(1)", "", "http:///x"]
    )
    def test_it_leads_nowhere_else(self, client, goal):
        assert client.post("/tema/", {"tema": "light", "next": goal})["Location"] == "/"

    def test_a_made_up_theme_is_ignored(self, client, read):
        client.cookies["tema"] = '"><script>'

        assert "data-theme" not in read(client.get("/")).one("html")

    def test_it_asks_for_the_form_token(self):
        assert Client(enforce_csrf_checks=True).post("/tema/", {"tema": "dark"}).status_code == 403


class TestErrorPages:
    def test_404_leads_on(self, client, stocked, read):
        answer = client.get("/tidak/ada/")
        page = read(answer)

        assert answer.status_code == 404
        assert page.all("input", id="q")
        assert page.all("a", class_="chip", href="/kategori/keramik/")

    def test_a_foreign_host_name_is_400(self, client, settings, read):
        settings.ALLOWED_HOSTS = ["testserver"]

        answer = client.get("/", headers={"host": "jahat.example"})

        assert answer.status_code == 400
        assert "tidak dapat kami baca" in read(answer).html

    def test_a_form_without_its_token_is_403_and_says_what_to_do(self, read):
        answer = Client(enforce_csrf_checks=True).post("/masuk/", {})

        assert answer.status_code == 403
        assert "terlalu lama terbuka" in read(answer).html

    @pytest.mark.parametrize("name", ["500.html", "503.html"])
    def test_the_static_ones_need_nothing(self, name):
        source = (TEMPLATES / name).read_text(encoding="utf-8")

        assert "{%" not in source
        assert "{{" not in source
        assert "style=" not in source
        assert f"wa.me/{settings.WHATSAPP_NUMBER}" in static_page(name).decode()
        assert "[[" not in static_page(name).decode()

    def test_503_says_what_the_contract_says(self):
        source = (TEMPLATES / "503.html").read_text(encoding="utf-8")

        assert "Sistem sedang mengalami gangguan" in source


def test_robots(client):
    answer = client.get("/robots.txt")

    assert answer["Content-Type"].startswith("text/plain")
    assert "Disallow: /admin/" in answer.content.decode()


def test_an_information_page_that_does_not_exist_is_404(client):
    assert client.get("/halaman/rahasia/").status_code == 404


@pytest.mark.parametrize("url", ["/", "/produk/", "/keranjang/", "/halaman/faq/", "/robots.txt"])
def test_pages_that_only_show_refuse_post(client, url):
    assert client.post(url).status_code == 405
