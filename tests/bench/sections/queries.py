"""How many SQL statements each page and each service takes."""

from __future__ import annotations

import json
from collections.abc import Callable

from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orders.links import order_path
from orders.models import Order
from orders.services import OrderLine, OrderRequest, place_order
from payments.services import start_payment
from shop.models import User, Variant
from tests.bench.report import BenchError, Fact
from tests.bench.sections import Bench
from tests.support.checkout import ADDRESS_PAGE, REVIEW_PAGE, SHIPPING_PAGE, TYPED, Visitor
from tests.support.world import notify

NEEDS_SERVERS = True
_FRAME = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE SAVEPOINT")


def run(bench: Bench) -> None:
    """Count statements, without BEGIN, COMMIT and savepoints; those are told beside it."""
    count = _Counter(bench)
    # A first request of a process fills caches; the second is what a busy shop sees.
    for path in ("/", "/produk/"):
        Client().get(path)
    _pages(bench, count)
    _checkout(bench, count)
    _services(bench, count)


class _Counter:
    def __init__(self, bench: Bench) -> None:
        self.facts = bench.report.facts

    def __call__(self, name: str, work: Callable[[], HttpResponse | object], most: int | None = None) -> object:
        with CaptureQueriesContext(connection) as captured:
            result = work()
        if isinstance(result, HttpResponse) and result.status_code >= 400:
            raise BenchError(f"{name} answered {result.status_code}: {result.content[:500]!r}")
        frame = sum(query["sql"].startswith(_FRAME) for query in captured.captured_queries)
        note = f"and {frame} of BEGIN, COMMIT, savepoints" if frame else ""
        self.facts.append(Fact("queries", f"SQL: {name}", len(captured) - frame, most, note))
        return result


def _pages(bench: Bench, count: _Counter) -> None:
    client = Client()
    count("front page", lambda: client.get("/"))
    count("list page", lambda: client.get("/produk/"), 5)
    count("category page", lambda: client.get("/kategori/etalase/"), 5)
    count("search", lambda: client.get("/cari/?q=kemeja"), 5)
    count("product page", lambda: client.get(f"/produk/{bench.world.page_slugs[0]}/"), 6)


def _checkout(bench: Bench, count: _Counter) -> None:
    visitor = Visitor()
    visitor.fill(*((Variant.objects.get(pk=pk), 1) for pk in bench.world.variants[:3]))
    count("cart, 3 lines", lambda: visitor.get("/keranjang/"), 6)
    count("checkout 1, address: GET", lambda: visitor.get(ADDRESS_PAGE))
    count("checkout 1, address: POST", lambda: visitor.post(ADDRESS_PAGE, TYPED))
    count("checkout 2, shipping: GET", lambda: visitor.get(SHIPPING_PAGE))
    count("checkout 2, shipping: POST", lambda: visitor.post(SHIPPING_PAGE, {"shipping_method": "jne-reg"}))
    count("checkout 3, review: GET", lambda: visitor.get(REVIEW_PAGE))
    boxes = visitor.review()
    count("checkout 3, review: POST (places the order)", lambda: visitor.post(REVIEW_PAGE, boxes))
    path = order_path(Order.objects.get(cart=visitor.cart))
    count("order page", lambda: visitor.get(path))
    count("pay page", lambda: visitor.get(f"{path}bayar/"))


def _services(bench: Bench, count: _Counter) -> None:
    customer = bench.world.customers[-1]
    user = User.objects.get(pk=customer.pk)
    lines = tuple(OrderLine(quantity=1, variant_id=pk) for pk in bench.world.variants[:3])
    request = OrderRequest(lines=lines, address_id=customer.address_id)
    key = f"queries-{bench.seed}"
    placed = place_order(customer=user, request=request, key=f"{key}-first")
    count("place_order, 3 lines", lambda: place_order(customer=user, request=request, key=key), 15)
    body = {
        "items": [{"variantId": str(pk), "productId": str(product), "quantity": 1}
                  for pk, product in zip(bench.world.variants[:3], bench.world.products[:3], strict=True)],
        "addressId": str(customer.address_id), "idempotencyKey": f"{key}-api",
    }  # fmt: skip
    post = _poster(customer.token, body)
    count("POST /api/orders, 3 lines", post)
    count("POST /api/orders, replay", post)
    count("start_payment", lambda: start_payment(order_id=placed.order.pk))
    payment = placed.order.payments.get()
    shown = bench.web.simulator.event(payment.gateway_id, "settle", deliver=False)
    count("notification applied, 3 lines", lambda: notify(payment, shown))
    count("notification repeated", lambda: notify(payment, shown))


def _poster(token: str, body: object) -> Callable[[], object]:
    headers = {"Authorization": f"Bearer {token}"}
    return lambda: Client().post("/api/orders", data=json.dumps(body), content_type="application/json", headers=headers)
