"""Ten thousand products: as many statements as fifty, through an index, and the same answers."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from shop.finding import read
from shop.lists import CHEAPEST, DEAREST, NEWEST, RELEVANT, Wanted, _statements
from shop.models import Category
from shop.written import fetch
from tests.support.many import fill_catalogue

MANY = 10_000
SHELF = "rak-besar-3"
# Pages with the most statements that they may take; a session or a cart would add theirs.
PAGES = {
    "/": 4,
    "/produk/": 4,
    f"/kategori/{SHELF}/": 4,
    f"/kategori/{SHELF}/?urut=termurah&stok=on&min=20000&maks=400000&halaman=3": 4,
    "/produk/?urut=termahal&halaman=400": 4,
    "/produk/barang-banyak-77/": 4,
    "/cari/?q=batik+nila": 4,
    "/cari/?q=perajin&urut=termurah": 4,
    "/cari/?q=mangkkuk": 10,
    "/cari/?q=zzzqqq+xxyyzz": 10,
    "/sitemap.xml": 1,
    "/sitemap-produk-2.xml": 1,
}


@pytest.mark.sweep
@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.breaks_laws  # they hold, but asking for the law of every variant takes longer than all the pages
def test_ten_thousand_products_cost_a_page_no_more_than_fifty():
    """One test, because the catalogue takes seconds to fill."""
    fill_catalogue(MANY)

    assert too_many_statements() == {}
    assert beside_the_index() == []
    assert sorted_shelves() == []
    assert differing_prices() == 0


def too_many_statements() -> dict[str, int]:
    """Return the pages that ask more than they may, with how often they ask."""
    client, asked = Client(), {}
    for path in PAGES:
        assert client.get(path).status_code == 200
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        asked[path] = len(captured)
    return {path: count for path, count in asked.items() if count > PAGES[path]}


def beside_the_index() -> list[Wanted]:
    """Return the lists whose ids are not found through their index."""
    lists = (
        (Wanted(), "listing_newest"),
        (Wanted(order=CHEAPEST), "listing_by_price"),
        (Wanted(order=DEAREST), "listing_by_price"),
        (Wanted(query=read("777").query, order=RELEVANT), "listing_words"),
        (Wanted(query=read("4242").query, order=NEWEST), "listing_words"),
    )
    return [wanted for wanted, index in lists if index not in plan(wanted)]


def sorted_shelves() -> list[str]:
    """Return the orders in which a shelf is sorted instead of read."""
    shelf = Category.objects.get(slug=SHELF).pk
    return [order for order in (NEWEST, CHEAPEST, DEAREST) if "Sort" in plan(Wanted(category_id=shelf, order=order))]


def plan(wanted: Wanted) -> str:
    """Return how PostgreSQL finds the first page of a list."""
    statements = _statements(wanted)
    params = [*statements.params, *statements.order_params, 24, 0]
    return "\n".join(str(line) for (line,) in fetch(f"EXPLAIN {statements.ids}", params))


def differing_prices() -> int:
    """Return how many products the lists know at another price than their variants have."""
    sql = """
        SELECT count(*) FROM shop_listing l JOIN (
               SELECT product_id, min(price) AS low, max(price) AS high FROM shop_variant WHERE is_active GROUP BY 1
               ) v USING (product_id)
         WHERE (l.lowest_price, l.highest_price) IS DISTINCT FROM (v.low, v.high)
    """
    return int(fetch(sql, ())[0][0])
