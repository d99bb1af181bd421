"""Anonymous pages against a bare view with one ORM get()."""

from __future__ import annotations

from collections.abc import Callable

from shop.models import Product
from tests.bench import http_load
from tests.bench.report import Load, Row
from tests.bench.sections import Bench, NotBuiltYetError
from tests.bench.world import BULK_SHELF, PAGE_PRODUCTS

NEEDS_SERVERS = True
TARGET = 0.3
WARM_UP = 48


def run(bench: Bench) -> None:
    """The list with exactly 20 products, a product, the front page; then the list of a shop with 1,021 products."""
    product = f"/produk/{bench.world.page_slugs[0]}/"
    pages = {
        f"catalogue page, {PAGE_PRODUCTS} products": ("/produk/", TARGET),
        "product page": (product, TARGET),
        "front page": ("/", None),
    }
    for path, _ in pages.values():
        _require(bench, path)
        http_load.warm_up(bench.web.shop.port, [http_load.get(path)] * WARM_UP)
    http_load.warm_up(bench.web.bare.port, [http_load.get(f"/get/{bench.world.page_slugs[0]}")] * WARM_UP)
    bulk = Product.objects.filter(category__slug=BULK_SHELF)
    bulk.update(is_active=False)
    try:
        *found, reference = bench.interleave(*(_get(bench, path) for path, _ in pages.values()), _reference(bench))
    finally:
        bulk.update(is_active=True)
    for (name, (_, target)), ours in zip(pages.items(), found, strict=True):
        _add(bench, name, ours, reference, target)
    ours, reference = bench.interleave(_get(bench, "/produk/"), _reference(bench))
    _add(bench, f"catalogue page, first of {bulk.count() + PAGE_PRODUCTS:,} products", ours, reference, None)


def _add(bench: Bench, name: str, ours: list[Load], reference: list[Load], target: float | None) -> None:
    rounds = tuple(zip(ours, reference, strict=True))
    bench.report.rows.append(Row("pages", name, "bare view, one get()", target, rounds))


def _require(bench: Bench, path: str) -> None:
    client = http_load.HttpClient(bench.web.shop.port)
    status, body = client.send(http_load.get(path))
    client.close()
    if status != 200 or b"<main" not in body:
        raise NotBuiltYetError(f"{path} answers {status}")


def _get(bench: Bench, path: str) -> Callable[[int], Load]:
    request = http_load.get(path)
    return lambda seed: bench.web.shop.load(lambda _: request, seconds=bench.seconds, seed=f"{seed}", expect=200)


def _reference(bench: Bench) -> Callable[[int], Load]:
    request = http_load.get(f"/get/{bench.world.page_slugs[0]}")
    return lambda seed: bench.web.bare.load(lambda _: request, seconds=bench.seconds, seed=f"{seed}", expect=200)
