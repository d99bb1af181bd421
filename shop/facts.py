"""What the catalogue's pages show, read as plain values in few statements, for every request anew.

The rows can be compared and hashed: ``shop.remembered`` renders a page again only when they differ. JSON stays text
until a page is rendered.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

from django.db.models import Count, F, Q, Window
from django.db.models.functions import DenseRank

from shop.models import Category, ProductImage
from shop.selectors import Wanted
from shop.written import Written, fetch, written

# One statement for all cards: the ORM would fetch every variant and every picture as an object of its own.
_CARDS_SQL = """
SELECT p.name, p.slug, v.lowest, v.highest, v.swatches, v.available, i.large, i.small, i.alt
  FROM unnest(%s::bigint[]) WITH ORDINALITY AS shown (id, place)
  JOIN shop_product p ON p.id = shown.id
  JOIN LATERAL (
       SELECT min(price) AS lowest, max(price) AS highest,
              sum(greatest(0, on_hand - reserved))::bigint AS available,
              coalesce(string_agg(swatch, ' ' ORDER BY position, id) FILTER (WHERE swatch <> ''), '') AS swatches
         FROM shop_variant WHERE product_id = p.id AND is_active
       ) v ON v.lowest IS NOT NULL
  LEFT JOIN LATERAL (
       SELECT large, small, alt FROM shop_productimage WHERE product_id = p.id ORDER BY position, id LIMIT 1
       ) i ON true
 ORDER BY shown.place
"""

_PRODUCT_SQL = """
SELECT p.id, p.name, p.slug, p.tagline, p.description, p.details::text, c.id, c.name, c.slug,
       (SELECT json_agg(v ORDER BY v.position, v.id)::text
          FROM (SELECT id, sku, name, options, swatch, price, on_hand, reserved, position
                  FROM shop_variant WHERE product_id = p.id AND is_active) v) AS variants,
       (SELECT json_agg(i ORDER BY i.position, i.id)::text
          FROM (SELECT id, large, small, alt, position FROM shop_productimage WHERE product_id = p.id) i) AS pictures
  FROM shop_product p JOIN shop_category c ON c.id = p.category_id
 WHERE p.is_active AND p.slug = %s
"""

_RELATED_SQL = """
SELECT p.id
  FROM shop_product p
  JOIN LATERAL (
       SELECT bool_or(on_hand > reserved) AS in_stock FROM shop_variant WHERE product_id = p.id AND is_active
       ) v ON v.in_stock IS NOT NULL
 WHERE p.is_active AND p.category_id = %s AND p.id <> %s
 ORDER BY v.in_stock DESC, p.created_at DESC, p.id DESC LIMIT %s
"""


class CategoryFacts(NamedTuple):
    """A category in the menu."""

    pk: int
    name: str
    slug: str
    description: str


class CardFacts(NamedTuple):
    """A product in a grid. Prices in rupiah; ``swatches`` are the colours of its variants with spaces between."""

    name: str
    slug: str
    lowest: int
    highest: int
    swatches: str
    available: int
    large: str | None
    small: str | None
    alt: str | None


class ProductFacts(NamedTuple):
    """A product on its own page; ``details``, ``variants`` and ``pictures`` are JSON."""

    pk: int
    name: str
    slug: str
    tagline: str
    description: str
    details: str
    category_id: int
    category_name: str
    category_slug: str
    variants: str
    pictures: str | None


class ShelfFacts(NamedTuple):
    """A category with the number of products it sells."""

    pk: int
    name: str
    slug: str
    products: int


class ShelfPicture(NamedTuple):
    """A picture of the newest (rank 1) or second newest product of a category."""

    category_id: int
    rank: int
    large: str
    small: str
    alt: str


class Found:
    """The products that are wanted, by their ids; without a wish there are none."""

    def __init__(self, wanted: Wanted | None) -> None:
        self._wanted = wanted

    def count(self) -> int:
        """Return how many there are."""
        if self._wanted is None:
            return 0
        every = _list_sql(self._wanted)[1]
        return int(fetch(f"SELECT count(*) FROM ({every.sql}) AS found", every.params)[0][0])  # noqa: S608

    def ids(self, first: int, most: int) -> list[int]:
        """Return at most ``most`` of them in their order, beginning with number ``first`` (from 0)."""
        if self._wanted is None:
            return []
        ordered = _list_sql(self._wanted)[0]
        return [pk for (pk,) in fetch(f"{ordered.sql} LIMIT %s OFFSET %s", [*ordered.params, most, first])]


@lru_cache(maxsize=256)
def _list_sql(wanted: Wanted) -> tuple[Written, Written]:
    """Return the SQL of the ids in order, and of the ids in none."""
    products = wanted.products()
    return written(products.values_list("pk")), written(products.order_by().values_list("pk"))


def card_facts(ids: list[int]) -> tuple[CardFacts, ...]:
    """Return what the cards of these products show, in this order; none for one without a variant on sale."""
    return tuple(map(CardFacts._make, fetch(_CARDS_SQL, [ids]))) if ids else ()


def product_facts(slug: str) -> ProductFacts | None:
    """Return a product that is for sale, or None."""
    found = next(map(ProductFacts._make, fetch(_PRODUCT_SQL, [slug])), None)
    return found if found is not None and found.variants is not None else None


def related_ids(product: ProductFacts, most: int) -> list[int]:
    """Return the newest others of its category, those that are there first."""
    return [pk for (pk,) in fetch(_RELATED_SQL, [product.category_id, product.pk, most])]


def category_facts() -> tuple[CategoryFacts, ...]:
    """Return the categories in menu order."""
    return tuple(map(CategoryFacts._make, _categories_sql().rows()))


def shelf_facts() -> tuple[tuple[ShelfFacts, ...], tuple[ShelfPicture, ...]]:
    """Return every category that has something to sell, and the pictures of its two newest products."""
    shelves = map(ShelfFacts._make, _shelves_sql().rows())
    return tuple(shelf for shelf in shelves if shelf.products), tuple(map(ShelfPicture._make, _pictures_sql().rows()))


@cache
def _categories_sql() -> Written:
    return written(Category.objects.values_list("pk", "name", "slug", "description"))


@cache
def _shelves_sql() -> Written:
    sold = Q(products__is_active=True, products__variants__is_active=True)
    count = Count("products", filter=sold, distinct=True)
    return written(Category.objects.annotate(count=count).values_list("pk", "name", "slug", "count"))


@cache
def _pictures_sql() -> Written:
    rank = Window(
        DenseRank(),
        partition_by=[F("product__category_id")],
        order_by=[F("product__created_at").desc(), F("product_id").desc()],
    )
    images = ProductImage.objects.filter(product__is_active=True).annotate(rank=rank).filter(rank__lte=2)
    shown = images.order_by("position", "pk").values_list("product__category_id", "rank", "large", "small", "alt")
    return written(shown)
