"""Pages that are rendered once: what they show is never older than the request, and nobody sees another's page."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import pytest
from django.db import transaction
from django.test import Client
from django.test.signals import template_rendered

from shop import remembered
from shop.models import Category, Product, ProductImage, Variant
from shop.services import stock
from tests.factories import ProductFactory, UserFactory, VariantFactory
from tests.shop.goods import product

pytestmark = pytest.mark.django_db

PAGES = ("/", "/produk/", "/kategori/keramik/", "/cari/?q=mangkuk", "/produk/mangkuk/")
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch):
    monkeypatch.setattr(remembered, "_pages", remembered._Pages())


@pytest.fixture
def bowl(shelf):
    """One bowl in two colours, and another one beside it."""
    bowl = product(
        "Mangkuk Seladon", category=shelf, slug="mangkuk", tagline="Hijau muda.", description="Dibakar dua kali."
    )
    Variant.objects.filter(product=bowl).update(name="Hijau", swatch="#223344", position=1)
    VariantFactory.create(product=bowl, name="Biru", swatch="#112233", price=110_000, on_hand=10, position=2)
    product("Mangkuk Kedua", category=shelf, slug="kedua")
    return bowl


@pytest.fixture
def renderings():
    """Count how often a page's own template is rendered."""
    counted: list[str] = []

    def count(*, template, **_):
        if template.name and template.name.startswith("shop/") and "/_" not in template.name:
            counted.append(template.name)

    template_rendered.connect(count)
    yield counted
    template_rendered.disconnect(count)


def body(url: str, client: Client | None = None) -> str:
    return TOKEN.sub("", (client or Client()).get(url).content.decode())


@pytest.mark.parametrize("url", PAGES)
def test_a_page_is_rendered_once_while_nothing_changes(bowl, renderings, url):
    first = body(url)
    rendered = len(renderings)

    assert rendered > 0
    assert body(url) == first
    assert len(renderings) == rendered


def bowls(**changes: object) -> int:
    return Product.objects.filter(slug="mangkuk").update(**changes)


def colours(**changes: object) -> int:
    return Variant.objects.filter(product__slug="mangkuk").update(**changes)


def take(units: int) -> None:
    """Reserve the bowls as orders do, until ``units`` of both colours are gone."""
    with transaction.atomic():
        for variant in Variant.objects.filter(product__slug="mangkuk").order_by("pk"):
            stock.reserve(reference=f"ORD-{variant.pk}-{units}", quantities={variant.pk: units // 2})


CHANGES: dict[str, Callable[[], object]] = {
    "price": partial(colours, price=123_456),
    "price of one": lambda: Variant.objects.filter(name="Biru").update(price=99_000),
    "take some": partial(take, 18),
    "take the rest": partial(take, 2),
    "variant's name": lambda: Variant.objects.filter(name="Biru").update(name="Nila"),
    "variant's options": lambda: colours(options={"Warna": "Nila"}),
    "colour": lambda: Variant.objects.filter(name="Nila").update(swatch="#445566"),
    "order of variants": lambda: Variant.objects.filter(name="Nila").update(position=0),
    "a variant withdrawn": lambda: Variant.objects.filter(name="Nila").update(is_active=False),
    "a new variant": lambda: VariantFactory.create(product=Product.objects.get(slug="mangkuk"), name="Baru", price=1),
    "name": partial(bowls, name="Mangkuk Baru"),
    "tagline": partial(bowls, tagline="Hijau tua."),
    "description": partial(bowls, description="Dibakar sekali."),
    "details": lambda: bowls(details=[{"label": "Bahan", "text": "Tanah liat"}]),
    "a new product": lambda: product("Mangkuk Ketiga", category=Category.objects.get(slug="keramik"), slug="ketiga"),
    "the other one": lambda: Product.objects.filter(slug="kedua").update(name="Mangkuk Lain"),
    "the other one's price": lambda: Variant.objects.filter(product__slug="kedua").update(price=77_000),
    "picture": lambda: ProductImage.objects.update(large="products/lain-640.webp"),
    "small picture": lambda: ProductImage.objects.update(small="products/lain-320.webp"),
    "picture's text": lambda: ProductImage.objects.update(alt="Lain"),
    "no picture": lambda: ProductImage.objects.all().delete(),
    "category's name": lambda: Category.objects.update(name="Tembikar"),
    "category's text": lambda: Category.objects.update(description="Dari tanah liat."),
    "withdrawn": partial(bowls, is_active=False),
    "a new category": lambda: product("Kopi", category=Category.objects.create(name="Kopi", slug="kopi"), slug="kopi"),
}


def test_whatever_changes_shows_on_the_very_next_request(bowl, monkeypatch):
    pages = ("/", "/kategori/keramik/", "/produk/mangkuk/")
    before = [body(url) for url in pages]

    for name, change in CHANGES.items():
        change()
        after = [body(url) for url in pages]
        monkeypatch.setattr(remembered, "_pages", remembered._Pages())
        fresh = [body(url) for url in pages]

        assert after == fresh, name
        assert after != before, name
        before = fresh


@pytest.mark.parametrize("change", ["price", "take some", "withdrawn"])
def test_a_changed_page_is_another_page(bowl, change):
    url = "/produk/"
    before = body(url)

    CHANGES[change]()

    assert body(url) != before


def test_a_sale_shows_on_the_very_next_request(bowl, read):
    variant = VariantFactory.create(product=ProductFactory.create(name="Teko", slug="teko"), on_hand=2)
    assert "Sisa 2" in body("/produk/teko/")

    with transaction.atomic():
        stock.reserve(reference="ORD-1", quantities={variant.pk: 2})

    assert "Habis" in body("/produk/teko/")
    assert "Habis" in body("/produk/")


@pytest.mark.parametrize("url", PAGES)
def test_each_visitor_gets_a_form_token_of_his_own_that_works(bowl, url):
    visitors = [Client(enforce_csrf_checks=True) for _ in range(2)]
    tokens = [TOKEN.findall(visitor.get(url).content.decode()) for visitor in visitors]

    assert set(tokens[0]).isdisjoint(tokens[1])
    for visitor, (token, *_) in zip(visitors, tokens, strict=True):
        assert visitor.post("/tema/", {"tema": "dark", "csrfmiddlewaretoken": token}).status_code == 303
    assert visitors[0].post("/tema/", {"csrfmiddlewaretoken": tokens[1][0]}).status_code == 403


def test_messages_and_cart_are_seen_by_their_owner_only(bowl):
    owner = Client()
    owner.post("/keranjang/tambah/", {"varian": str(Variant.objects.filter(product=bowl)[0].pk), "jumlah": "7"})

    assert "Sudah masuk keranjang." in body("/produk/", owner)
    assert "Sudah masuk keranjang." not in body("/produk/", owner)
    assert '<span class="count">7</span>' in body("/produk/", owner)
    assert '<span class="count">' not in body("/produk/")
    assert "Sudah masuk" not in body("/produk/")


def test_a_members_name_is_on_no_remembered_page(bowl):
    member = Client()
    member.force_login(UserFactory.create(name="Sari Wulandari", email="sari@example.com"))

    pages = [body(url, member) for url in PAGES]

    assert not any("Wulandari" in page or "sari@" in page for page in pages)
    assert pages == [body(url) for url in PAGES]


def test_themes_and_addresses_are_kept_apart(bowl):
    dark = Client()
    dark.cookies["tema"] = "dark"

    assert 'data-theme="dark"' in body("/produk/", dark)
    assert "data-theme" not in body("/produk/")
    assert "&lt;b&gt;" in body("/cari/?q=<b>")
    assert "&lt;b&gt;" not in body("/cari/?q=b")


def test_the_memory_for_pages_is_bounded(monkeypatch):
    monkeypatch.setattr(remembered, "MOST_BYTES", 2 * remembered._Page("x" * 30).size + 1)
    pages = remembered._Pages()

    for number in range(50):
        pages.put(number, remembered._Page("x" * 30))
        pages.put(number, remembered._Page("x" * 30))

    assert [number for number in range(50) if pages.get(number)] == [48, 49]
