"""What the catalogue's pages show of many products: cards and shelves. Templates only print it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, F, Q, Window
from django.db.models.functions import RowNumber

from shop.models import Category, Product, ProductImage, Variant
from shop.selectors import LOW_STOCK

PICTURES_PER_SHELF = 3


@dataclass(frozen=True)
class Card:
    """A product in a grid."""

    name: str
    url: str
    picture: ProductImage | None
    price: int
    has_range: bool
    swatches: tuple[str, ...]
    available: int

    @property
    def is_sold(self) -> bool:
        return self.available <= 0

    @property
    def is_low(self) -> bool:
        return 0 < self.available <= LOW_STOCK


def card(product: Product) -> Card:
    """Return the card of a product that came from ``products_for_sale``."""
    variants = on_sale(product)
    prices = [variant.price for variant in variants]
    images = pictures(product)
    return Card(
        name=product.name,
        url=product.get_absolute_url(),
        picture=images[0] if images else None,
        price=min(prices),
        has_range=min(prices) != max(prices),
        swatches=tuple(dict.fromkeys(variant.swatch for variant in variants if variant.swatch)),
        available=sum(max(0, variant.available) for variant in variants),
    )


def cards(products: Iterable[Product]) -> list[Card]:
    """Return the cards of products, in their order."""
    return [card(product) for product in products]


def on_sale(product: Product) -> list[Variant]:
    """Return the variants that ``products_for_sale`` fetched."""
    variants: list[Variant] = getattr(product, "on_sale", [])
    return variants


def pictures(product: Product) -> list[ProductImage]:
    """Return the pictures that ``products_for_sale`` fetched."""
    images: list[ProductImage] = getattr(product, "pictures", [])
    return images


@dataclass(frozen=True)
class Shelf:
    """A category on the home page."""

    category: Category
    count: int
    pictures: tuple[ProductImage, ...]

    @property
    def picture(self) -> ProductImage | None:
        """Return the second picture, where there is one: the first stands in the flower above."""
        return next(iter(self.pictures[1:] or self.pictures), None)


def shelves() -> list[Shelf]:
    """Return every category that has something to sell, with first pictures of its oldest products (two queries)."""
    sold = Q(products__is_active=True, products__variants__is_active=True)
    categories = Category.objects.annotate(count=Count("products", filter=sold, distinct=True))
    images = (
        ProductImage.objects.filter(product__is_active=True)
        .annotate(
            category_id=F("product__category_id"),
            rank=Window(
                RowNumber(),
                partition_by=[F("product__category_id")],
                order_by=[F("position").asc(), F("product_id").asc(), F("pk").asc()],
            ),
        )
        .filter(rank__lte=PICTURES_PER_SHELF)
        .select_related("product")
        .order_by("rank")
    )
    by_category: dict[int, list[ProductImage]] = {}
    for image in images:
        by_category.setdefault(image.category_id, []).append(image)
    return [
        Shelf(category, category.count, tuple(by_category.get(category.pk, ())))
        for category in categories
        if category.count
    ]
