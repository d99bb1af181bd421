"""Sitemaps: an index, and below it the products with their pictures, the shelves and the information pages."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from xml.sax.saxutils import escape

from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe

from shop.facts import category_facts
from shop.linked_data import absolute
from shop.views.pages import PAGES
from shop.written import fetch

PER_FILE = 1_000
MOST_FILES = 50_000  # what one index may name
HOUR_S = 3_600
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_XMLNS = "http://www.sitemaps.org/schemas/sitemap/0.9"
_IMAGES = "http://www.google.com/schemas/sitemap-image/1.1"

_COUNT_SQL = "SELECT count(*) FROM shop_listing WHERE lowest_price IS NOT NULL"
_PRODUCTS_SQL = """
SELECT p.slug, p.updated_at,
       ARRAY(SELECT i.large FROM shop_productimage i WHERE i.product_id = p.id ORDER BY i.position, i.id)
  FROM (SELECT product_id FROM shop_listing WHERE lowest_price IS NOT NULL
         ORDER BY product_id LIMIT %s OFFSET %s) listed
  JOIN shop_product p ON p.id = listed.product_id
 ORDER BY p.id
"""

# No price and no stock is in them, so everybody may keep them for an hour.
_for_an_hour = cache_control(public=True, max_age=HOUR_S)


@require_safe
@_for_an_hour
@conditional_page
def index(request: HttpRequest) -> HttpResponse:
    """List the sitemaps."""
    files = max(1, ceil(int(fetch(_COUNT_SQL, ())[0][0]) / PER_FILE))
    paths = [reverse("shop:sitemap_pages"), *(reverse("shop:sitemap_products", args=[n + 1]) for n in range(files))]
    body = "".join(f"<sitemap><loc>{escape(absolute(path))}</loc></sitemap>\n" for path in paths)
    return _xml(f'<sitemapindex xmlns="{_XMLNS}">\n{body}</sitemapindex>\n')


@require_safe
@_for_an_hour
@conditional_page
def pages(request: HttpRequest) -> HttpResponse:
    """List the front page, the lists, the shelves and the information pages."""
    shelves = [reverse("shop:category", args=[category.slug]) for category in category_facts()]
    paths = [reverse("shop:home"), reverse("shop:products"), *shelves]
    return _urls(_url(path) for path in [*paths, *(reverse("shop:page", args=[slug]) for slug in PAGES)])


@require_safe
@_for_an_hour
@conditional_page
def products(request: HttpRequest, number: int) -> HttpResponse:
    """List file ``number`` (from 1) of the products on sale, with when they were edited last and their pictures."""
    rows = fetch(_PRODUCTS_SQL, [PER_FILE, (number - 1) * PER_FILE]) if 1 <= number <= MOST_FILES else ()
    if not rows and number != 1:
        raise Http404
    return _urls(
        _url(
            reverse("shop:product", args=[slug]),
            edited.isoformat(timespec="seconds"),
            map(default_storage.url, pictures),
        )
        for slug, edited, pictures in rows
    )


def _url(path: str, edited: str = "", pictures: Iterable[str] = ()) -> str:
    changed = f"<lastmod>{edited}</lastmod>" if edited else ""
    images = "".join(
        f"<image:image><image:loc>{escape(absolute(picture))}</image:loc></image:image>" for picture in pictures
    )
    return f"<url><loc>{escape(absolute(path))}</loc>{changed}{images}</url>\n"


def _urls(urls: Iterable[str]) -> HttpResponse:
    return _xml(f'<urlset xmlns="{_XMLNS}" xmlns:image="{_IMAGES}">\n{"".join(urls)}</urlset>\n')


def _xml(text: str) -> HttpResponse:
    return HttpResponse(_HEAD + text, content_type="application/xml; charset=utf-8")
