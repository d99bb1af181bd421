"""What the catalogue's pages show of many products: cards and shelves. Templates only print it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, F, Q, Window
from django.db.models.functions import DenseRank

from shop.models import Category, Product, ProductImage, Variant
from shop.selectors import LOW_STOCK


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
    """A category on the home page, with the pictures of its two newest products."""

    category: Category
    count: int
    newest: tuple[ProductImage, ...]
    second: tuple[ProductImage, ...]

    @property
    def picture(self) -> ProductImage | None:
        """Return the picture of the shelf; that of the newest product may stand in the flower above."""
        return next(iter(self.second or self.newest), None)


def shelves() -> list[Shelf]:
    """Return every category that has something to sell (two queries)."""
    sold = Q(products__is_active=True, products__variants__is_active=True)
    categories = Category.objects.annotate(count=Count("products", filter=sold, distinct=True))
    by_category = _newest_pictures()
    return [
        Shelf(category, category.count, *by_category.get(category.pk, ((), ())))
        for category in categories
        if category.count
    ]


def _newest_pictures() -> dict[int, tuple[tuple[ProductImage, ...], tuple[ProductImage, ...]]]:
    """Return the pictures of the newest and the second newest product of each category, by the category's id."""
    images = (
        ProductImage.objects.filter(product__is_active=True)
        .annotate(
            rank=Window(
                DenseRank(),
                partition_by=[F("product__category_id")],
                order_by=[F("product__created_at").desc(), F("product_id").desc()],
            ),
        )
        .filter(rank__lte=2)
        .select_related("product")
        .order_by("position", "pk")
    )
    found: dict[int, tuple[list[ProductImage], list[ProductImage]]] = {}
    for image in images:
        found.setdefault(image.product.category_id, ([], []))[image.rank - 1].append(image)
    return {pk: (tuple(newest), tuple(second)) for pk, (newest, second) in found.items()}
