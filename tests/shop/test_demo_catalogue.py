"""The demo catalogue is complete, believable and has all its pictures."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "shop" / "demo"
PICTURES = DEMO / "pictures"
ICONS = ROOT / "static" / "img"
WIDTHS = (320, 640)
LARGEST_FOLDER = 6_000_000

CATALOGUE = json.loads((DEMO / "catalogue.json").read_text(encoding="utf-8"))
PRODUCTS = CATALOGUE["products"]
VARIANTS = [variant for product in PRODUCTS for variant in product["variants"]]
IMAGES = [image for product in PRODUCTS for image in product["images"]]


def by_slug(product):
    return product["slug"]


def test_there_are_six_categories_in_order():
    categories = CATALOGUE["categories"]

    assert len({category["slug"] for category in categories}) == 6
    assert [category["position"] for category in categories] == [1, 2, 3, 4, 5, 6]
    assert all(category["name"] and category["description"] for category in categories)


def test_the_catalogue_is_large_enough_to_browse():
    assert len(PRODUCTS) >= 42
    assert 95 <= len(VARIANTS) <= 130


def test_every_category_has_a_shelf_worth_opening():
    shelves = Counter(product["category"] for product in PRODUCTS)

    assert set(shelves) == {category["slug"] for category in CATALOGUE["categories"]}
    assert min(shelves.values()) >= 6


def test_slugs_names_and_skus_are_unique():
    for values in (
        [product["slug"] for product in PRODUCTS],
        [product["name"] for product in PRODUCTS],
        [variant["sku"] for variant in VARIANTS],
    ):
        assert [value for value, count in Counter(values).items() if count > 1] == []


def test_slugs_and_skus_are_well_formed():
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", product["slug"]) for product in PRODUCTS)
    assert all(re.fullmatch(r"[A-Z0-9]+(-[A-Z0-9]+)+", variant["sku"]) for variant in VARIANTS)


@pytest.mark.parametrize("product", PRODUCTS, ids=by_slug)
def test_a_product_says_what_it_is(product):
    sentences = re.findall(r"[.!?](?:\s|$)", product["description"])

    assert product["tagline"]
    assert 2 <= len(sentences) <= 4
    assert [detail["label"] for detail in product["details"]] == ["Bahan", "Ukuran", "Perawatan"]
    assert all(detail["text"].endswith(".") for detail in product["details"])


@pytest.mark.parametrize("product", PRODUCTS, ids=by_slug)
def test_the_variants_of_a_product_differ_in_the_same_options(product):
    variants = product["variants"]
    option_names = {tuple(variant["options"]) for variant in variants}
    chosen = {tuple(variant["options"].values()) for variant in variants}

    assert len(option_names) == 1
    assert len(chosen) == len(variants)
    if option_names == {()}:
        assert [variant["name"] for variant in variants] == ["Standar"]
    else:
        assert all(variant["name"] == ", ".join(variant["options"].values()) for variant in variants)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant["sku"])
def test_a_variant_can_be_priced_weighed_and_counted(variant):
    assert 25_000 <= variant["price"] <= 1_250_000
    assert 10 <= variant["weight_grams"] <= 5_000
    assert 0 <= variant["on_hand"] <= 100
    assert variant["swatch"] is None or re.fullmatch(r"#[0-9A-Fa-f]{6}", variant["swatch"])


def test_stock_shows_every_state_of_a_card():
    stock = [variant["on_hand"] for variant in VARIANTS]
    sold_out = [product["slug"] for product in PRODUCTS if not any(v["on_hand"] for v in product["variants"])]

    assert stock.count(2) >= 3
    assert stock.count(0) >= 3
    assert sold_out == ["set-minum-teh-nila"]


def test_every_picture_has_its_own_alternative_text():
    texts = [image["alt"] for image in IMAGES]

    assert all(10 <= len(text) <= 125 for text in texts)
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("product", PRODUCTS, ids=by_slug)
def test_a_product_has_three_pictures_in_two_widths(product):
    files = [image["file"] for image in product["images"]]

    assert files == [f"{product['slug']}-{view}" for view in (1, 2, 3)]
    for name in files:
        for width in WIDTHS:
            with Image.open(PICTURES / f"{name}-{width}.webp") as picture:
                assert picture.format == "WEBP"
                assert picture.size == (width, width * 5 // 4)


def test_no_two_pictures_are_the_same_and_none_is_left_over():
    files = sorted(PICTURES.iterdir())

    assert {path.name for path in files} == {f"{image['file']}-{width}.webp" for image in IMAGES for width in WIDTHS}
    assert len({path.read_bytes() for path in files}) == len(files)


def test_the_pictures_stay_small_enough_to_commit():
    sizes = [path.stat().st_size for path in PICTURES.iterdir()]

    assert sum(sizes) < LARGEST_FOLDER
    assert max(sizes) < 60_000


def test_the_demo_addresses_are_whole():
    addresses = json.loads((DEMO / "customers.json").read_text(encoding="utf-8"))["addresses"]

    assert len({address["province"] for address in addresses}) == 3
    assert sum(address["is_default"] for address in addresses) == 1
    for address in addresses:
        assert re.fullmatch(r"\+628\d{8,11}", address["phone"])
        assert re.fullmatch(r"\d{5}", address["postal_code"])
        assert re.search(r"RT \d{2}/RW \d{2}", address["street"])
        assert address["recipient"]
        assert address["city"]
        assert address["district"]


def test_the_share_picture_and_the_icons_are_there():
    share = ICONS / "og.jpg"
    with Image.open(share) as picture:
        assert picture.size == (1200, 630)
    with Image.open(ICONS / "apple-touch-icon.png") as picture:
        assert picture.size == (180, 180)
    with Image.open(ICONS / "favicon.ico") as picture:
        assert {(16, 16), (32, 32), (48, 48)} <= picture.info["sizes"]

    assert share.stat().st_size < 150_000
    assert (ICONS / "favicon.svg").read_text(encoding="utf-8").startswith("<svg")
