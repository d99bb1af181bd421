"""What the catalogue's pages show, read as plain values in few statements, for every request anew.

The rows can be compared and hashed: ``shop.remembered`` renders a page again only when they differ. JSON stays text
until a page is rendered.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from shop.models import Category
from shop.written import Rows, Written, fetch, written

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

# Those that are there first, among the newest of the shelf: a shelf of thousands is not sorted for four cards.
_RELATED_SQL = """
SELECT product_id
  FROM (SELECT product_id, created_at FROM shop_listing
         WHERE category_id = %s AND product_id <> %s AND lowest_price IS NOT NULL
         ORDER BY created_at DESC, product_id DESC LIMIT 40) newest
 ORDER BY EXISTS (SELECT FROM shop_variant v
                   WHERE v.product_id = newest.product_id AND v.is_active AND v.on_hand > v.reserved) DESC,
          created_at DESC, product_id DESC LIMIT %s
"""

_SHELVES_SQL = """
SELECT c.id, c.name, c.slug, l.products
  FROM shop_category c
  JOIN (SELECT category_id, count(*) AS products
          FROM shop_listing WHERE lowest_price IS NOT NULL GROUP BY category_id) l ON l.category_id = c.id
 ORDER BY c.position, c.name
"""

_SHELF_PICTURES_SQL = """
SELECT c.id, newest.rank, i.large, i.small, i.alt
  FROM shop_category c
 CROSS JOIN LATERAL (
       SELECT product_id, row_number() OVER (ORDER BY created_at DESC, product_id DESC) AS rank
         FROM (SELECT product_id, created_at FROM shop_listing l
                WHERE l.category_id = c.id AND lowest_price IS NOT NULL
                  AND EXISTS (SELECT FROM shop_productimage WHERE product_id = l.product_id)
                ORDER BY created_at DESC, product_id DESC LIMIT 2) two
       ) newest
  JOIN shop_productimage i ON i.product_id = newest.product_id
 ORDER BY i.position, i.id
"""

_FORMER_PRODUCT_SQL = """
SELECT p.slug FROM shop_formerproductslug f
  JOIN shop_product p ON p.id = f.product_id JOIN shop_listing l ON l.product_id = p.id
 WHERE f.slug = %s AND l.lowest_price IS NOT NULL
"""

_FORMER_CATEGORY_SQL = """
SELECT c.slug FROM shop_formercategoryslug f JOIN shop_category c ON c.id = f.category_id WHERE f.slug = %s
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


def card_facts(ids: list[int]) -> tuple[CardFacts, ...]:
    """Return what the cards of these products show, in this order; none for one without a variant on sale."""
    return tuple(map(CardFacts._make, fetch(_CARDS_SQL, [ids]))) if ids else ()


def product_facts(slug: str) -> ProductFacts | None:
    """Return a product that is for sale, or None."""
    found = next(map(ProductFacts._make, fetch(_PRODUCT_SQL, [slug])), None)
    return found if found is not None and found.variants is not None else None


def current_product_slug(former: str) -> str | None:
    """Return the slug that a product on sale has now, when it once had this one."""
    return _only(fetch(_FORMER_PRODUCT_SQL, [former]))


def current_category_slug(former: str) -> str | None:
    """Return the slug that a category has now, when it once had this one."""
    return _only(fetch(_FORMER_CATEGORY_SQL, [former]))


def _only(rows: Rows) -> str | None:
    return next((slug for (slug,) in rows), None)


def related_ids(product: ProductFacts, most: int) -> list[int]:
    """Return the newest others of its category, those that are there first."""
    return [pk for (pk,) in fetch(_RELATED_SQL, [product.category_id, product.pk, most])]


def category_facts() -> tuple[CategoryFacts, ...]:
    """Return the categories in menu order."""
    return tuple(map(CategoryFacts._make, _categories_sql().rows()))


def shelf_facts() -> tuple[tuple[ShelfFacts, ...], tuple[ShelfPicture, ...]]:
    """Return every category that has something to sell, and the pictures of its two newest products."""
    shelves = tuple(map(ShelfFacts._make, fetch(_SHELVES_SQL, ())))
    return shelves, tuple(map(ShelfPicture._make, fetch(_SHELF_PICTURES_SQL, ())))


@cache
def _categories_sql() -> Written:
    return written(Category.objects.values_list("pk", "name", "slug", "description"))
