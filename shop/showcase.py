"""What the catalogue's pages show of many products: cards and shelves. Templates only print it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from shop.facts import CardFacts, CategoryFacts, ShelfFacts, ShelfPicture
from shop.models import Category, ProductImage
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


def cards(rows: Iterable[CardFacts]) -> list[Card]:
    """Return the cards of products, in their order."""
    return [
        Card(
            name=row.name,
            url=reverse("shop:product", args=[row.slug]),
            picture=ProductImage(large=row.large, small=row.small, alt=row.alt or "") if row.large else None,
            price=row.lowest,
            has_range=row.lowest != row.highest,
            swatches=tuple(dict.fromkeys(row.swatches.split())),
            available=row.available,
        )
        for row in rows
    ]


def menu(rows: Iterable[CategoryFacts]) -> list[Category]:
    """Return the categories of the menu."""
    return [Category(**row._asdict()) for row in rows]


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


def shelves(rows: Iterable[ShelfFacts], pictures: Iterable[ShelfPicture]) -> list[Shelf]:
    """Return the shelves with their pictures."""
    found: dict[tuple[int, int], list[ProductImage]] = {}
    for row in pictures:
        image = ProductImage(large=row.large, small=row.small, alt=row.alt)
        found.setdefault((row.category_id, row.rank), []).append(image)
    return [
        Shelf(
            category=Category(pk=row.pk, name=row.name, slug=row.slug),
            count=row.products,
            newest=tuple(found.get((row.pk, 1), ())),
            second=tuple(found.get((row.pk, 2), ())),
        )
        for row in rows
    ]
