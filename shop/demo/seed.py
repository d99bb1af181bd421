"""Fills the demo catalogue and its people, through the services, so that it is always valid. Safe to run again."""

from __future__ import annotations

import json
from collections import Counter
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

from django.core.files import File

from config.database import unit_of_work
from shop.models import Address, Category, Product, ProductImage, SiteState, StockMovement, User, Variant
from shop.services import stock
from shop.services.account import AddressData, add_address

FOLDER = Path(__file__).resolve().parent
ACTOR = "seed_demo"


def seed_catalogue() -> int:
    """Write categories, products, variants, pictures and first stock. Returns the number of products that are new."""
    data = json.loads((FOLDER / "catalogue.json").read_text(encoding="utf-8"))
    SiteState.objects.get_or_create(pk=1)
    categories = {}
    for row in data["categories"]:
        defaults = {"name": row["name"], "description": row["description"], "position": row["position"]}
        categories[row["slug"]], _ = Category.objects.get_or_create(slug=row["slug"], defaults=defaults)
    # What is written last is shown first.
    return sum(unit_of_work(partial(_product, row, categories)) for row in reversed(_in_turn(data["products"])))


def _in_turn(products: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one product of each shelf after the other, so that what is new comes from all of them."""
    seen: Counter[str] = Counter()
    turns = []
    for row in products:
        turns.append(seen[row["category"]])
        seen[row["category"]] += 1
    return [row for _, row in sorted(zip(turns, products, strict=True), key=itemgetter(0))]


def _product(row: dict[str, Any], categories: dict[str, Category]) -> bool:
    product, is_new = Product.objects.get_or_create(
        slug=row["slug"],
        defaults={
            "category": categories[row["category"]],
            "name": row["name"],
            "tagline": row["tagline"],
            "description": row["description"],
            "details": row["details"],
        },
    )
    for position, variant in enumerate(row["variants"]):
        _variant(product, variant, position)
    if not product.images.exists():
        for position, image in enumerate(row["images"]):
            _image(product, image, position)
    return is_new


def _variant(product: Product, row: dict[str, Any], position: int) -> None:
    variant, _ = Variant.objects.get_or_create(
        sku=row["sku"],
        defaults={
            "product": product,
            "name": row["name"] if row["options"] else "",
            "options": row["options"],
            "swatch": row["swatch"] or "",
            "price": row["price"],
            "weight": row["weight_grams"],
            "position": position,
        },
    )
    if row["on_hand"] and not StockMovement.objects.filter(variant=variant).exists():
        stock.receive(variant_id=variant.pk, quantity=row["on_hand"], actor=ACTOR, reason="stok awal")


def _image(product: Product, row: dict[str, str], position: int) -> None:
    image = ProductImage(product=product, alt=row["alt"], position=position)
    for field, width in ((image.large, 640), (image.small, 320)):
        path = FOLDER / "pictures" / f"{row['file']}-{width}.webp"
        with path.open("rb") as picture:
            field.save(path.name, File(picture), save=False)
    image.save()


def seed_customer(*, email: str, password: str, name: str) -> User:
    """Write the demo customer and the saved addresses."""
    customer = _account(email, password, name, is_staff=False)
    if not Address.objects.filter(user=customer).exists():
        data = json.loads((FOLDER / "customers.json").read_text(encoding="utf-8"))
        for row in data["addresses"]:
            fields = ("recipient", "phone", "province", "city", "district", "postal_code", "street")
            address = AddressData(**{field: row[field] for field in fields})
            add_address(user=customer, data=address, is_default=bool(row.get("is_default")))
    return customer


def seed_staff(*, email: str, password: str, name: str) -> User:
    """Write one staff login; its group is the caller's business."""
    return _account(email, password, name, is_staff=True)


def _account(email: str, password: str, name: str, *, is_staff: bool) -> User:
    existing = User.objects.filter(email=email).first()
    return existing or User.objects.create_user(email, password, name=name, is_staff=is_staff)
