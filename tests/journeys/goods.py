"""A small shelf with real pictures, one product of each category, and people who buy and sell."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group

from orders.demo import seed_shipping
from payments.groups import set_up_groups
from shop.demo import seed
from shop.models import Category, Product, User, Variant
from shop.services.account import add_address
from tests.factories import CategoryFactory, ProductFactory, ProductImageFactory, UserFactory, VariantFactory
from tests.support.world import ADDRESS

PASSWORD = "kata-sandi-panjang"
PRODUCT = "kemeja-batik-kawung"
CATEGORY = "batik-tenun"
MORE_OF_ONE_SHELF = 4


@dataclass(frozen=True)
class Shelf:
    """What is for sale."""

    shirt: Product
    mug: Product

    def variant(self, name: str) -> Variant:
        """Return a variant of the shirt."""
        return self.shirt.variants.get(name=name)


def fill_shelf() -> Shelf:
    """Write the shelf: of each category the first product, of the first category a few more."""
    seed_shipping()
    data = json.loads((seed.FOLDER / "catalogue.json").read_text(encoding="utf-8"))
    categories = {row["slug"]: _category(row) for row in data["categories"]}
    rows = _chosen(data["products"])
    products = {row["slug"]: _product(row, categories[row["category"]]) for row in reversed(rows)}
    return Shelf(shirt=products[PRODUCT], mug=products["mangkuk-seladon"])


def make_member() -> User:
    """Return a member with a saved address, who logs in with PASSWORD."""
    member = UserFactory.create(email="sari@contoh.id", name="Sari Wulandari", password=PASSWORD)
    add_address(user=member, data=ADDRESS, is_default=True)
    return member


def make_owner() -> User:
    """Return the shop's owner, who logs in with PASSWORD."""
    set_up_groups()
    owner = UserFactory.create(email="owner@contoh.id", name="Pemilik", password=PASSWORD, is_staff=True)
    owner.groups.add(Group.objects.get(name="owner"))
    return owner


def _chosen(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    first = {row["category"]: row["slug"] for row in reversed(rows)}
    shelf = [row["slug"] for row in rows if row["category"] == CATEGORY][:MORE_OF_ONE_SHELF]
    return [row for row in rows if row["slug"] in {*first.values(), *shelf}]


def _category(row: dict[str, Any]) -> Category:
    fields = {name: row[name] for name in ("slug", "name", "description", "position")}
    return CategoryFactory.create(**fields)


def _product(row: dict[str, Any], category: Category) -> Product:
    fields = {name: row[name] for name in ("slug", "name", "tagline", "description", "details")}
    product = ProductFactory.create(category=category, **fields)
    for position, variant in enumerate(row["variants"]):
        VariantFactory.create(
            product=product,
            sku=variant["sku"],
            name=variant["name"] if variant["options"] else "",
            options=variant["options"],
            swatch=variant["swatch"] or "",
            price=variant["price"],
            weight=variant["weight_grams"],
            on_hand=variant["on_hand"],
            position=position,
        )
    for position, image in enumerate(row["images"]):
        large, small = (_picture(f"{image['file']}-{width}.webp") for width in (640, 320))
        ProductImageFactory.create(product=product, large=large, small=small, alt=image["alt"], position=position)
    return product


def _picture(name: str) -> str:
    """Put a demo picture where uploads lie; returns its name there."""
    target = Path(settings.MEDIA_ROOT) / "products" / name
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(seed.FOLDER / "pictures" / name, target)
    return f"products/{name}"
