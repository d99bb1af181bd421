"""The headers that the schema names are those that are sent: one real answer of every kind, held against it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.cache import cache
from django.test import Client, override_settings

from config.throttling import Rate
from shop.services.site import close_shop, open_shop
from tests.factories import PASSWORD
from tests.support.api import ADDRESS_BODY, ApiClient, Buyer
from tests.support.simulator import Simulator
from tests.support.world import make_customer, make_variant

pytestmark = pytest.mark.django_db

SCHEMA: dict[str, Any] = yaml.safe_load((Path(__file__).resolve().parents[2] / "docs/openapi.yaml").read_text())
OPERATIONS: dict[str, Any] = {
    operation["operationId"]: operation for path in SCHEMA["paths"].values() for operation in path.values()
}
NAMED = {
    name
    for operation in OPERATIONS.values()
    for answer in operation["responses"].values()
    for name in answer.get("headers", {})
}
COUNTED = {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}


@pytest.fixture(autouse=True)
def throttled() -> Iterator[None]:
    """Requests are counted, from nothing."""
    cache.clear()
    with override_settings(THROTTLING=True):
        yield
    cache.clear()


@pytest.fixture
def buyer() -> Buyer:
    return Buyer()


def documented(operation: str, answer: Any) -> set[str]:
    """Return the headers that the schema names for such an answer."""
    return set(OPERATIONS[operation]["responses"][str(answer.status_code)].get("headers", {}))


def sent(answer: Any) -> set[str]:
    """Return those headers of an answer that the schema knows at all."""
    return {name for name in NAMED if answer.has_header(name)}


def test_the_schema_names_every_header_that_clients_were_promised() -> None:
    promised = COUNTED | {"Retry-After", "ETag", "Idempotent-Replayed", "X-Request-ID"}

    assert promised == NAMED


def test_what_goes_well_sends_exactly_the_headers_that_are_named(simulator: Simulator, buyer: Buyer) -> None:
    variant = make_variant(on_hand=9)
    credentials = {"email": make_customer().email, "password": PASSWORD}
    body = buyer.body((variant, 1), idempotencyKey="k")
    placed, repeated = buyer.post("/api/orders", body), buyer.post("/api/orders", body)
    number = placed.json()["order"]["orderNumber"]
    payment = {"orderId": number}

    answers = [
        ("createToken", 200, ApiClient().post("/api/auth/token", credentials)),
        ("listProducts", 200, ApiClient().get("/api/products")),
        ("getProduct", 200, ApiClient().get(f"/api/products/{variant.product_id}")),
        ("listAddresses", 200, buyer.get("/api/addresses")),
        ("createAddress", 201, buyer.post("/api/addresses", ADDRESS_BODY)),
        ("placeOrder", 201, placed),
        ("placeOrder", 200, repeated),
        ("listOrders", 200, buyer.get("/api/orders")),
        ("getOrder", 200, buyer.get(f"/api/orders/{number}")),
        ("createPayment", 201, buyer.post("/api/payment/create", payment)),
        ("createPayment", 200, buyer.post("/api/payment/create", payment)),
        ("cancelOrder", 200, buyer.post(f"/api/orders/{number}/cancel", {})),
    ]

    assert [status for _, status, _ in answers] == [answer.status_code for *_, answer in answers]
    assert {name for name, *_ in answers} == set(OPERATIONS)
    for operation, status, answer in answers:
        assert sent(answer) == documented(operation, answer), (operation, status)


def test_a_refusal_sends_every_header_that_is_named(simulator: Simulator, buyer: Buyer) -> None:
    variant = make_variant(on_hand=1)
    stranger, cookie_alone = ApiClient(), Client(enforce_csrf_checks=True)
    cookie_alone.force_login(buyer.user)
    buyer.order((variant, 1), idempotencyKey="k")
    close_shop(reason="libur")
    closed = buyer.order((make_variant(), 1))
    open_shop()

    answers = [
        ("createToken", 400, stranger.post("/api/auth/token", {})),
        ("createToken", 401, stranger.post("/api/auth/token", {"email": "x@example.com", "password": "x"})),
        ("listProducts", 400, stranger.get("/api/products?cursor=x")),
        ("getProduct", 404, stranger.get("/api/products/999999")),
        ("listAddresses", 401, stranger.get("/api/addresses")),
        ("createAddress", 403, cookie_alone.post("/api/addresses", b"{}", content_type="application/json")),
        ("createAddress", 413, buyer.post("/api/addresses", raw=b"{" + b" " * 70_000 + b"}")),
        ("createAddress", 415, buyer.post("/api/addresses", raw=b"x", content_type="text/plain")),
        ("placeOrder", 401, stranger.post("/api/orders", {})),
        ("placeOrder", 409, buyer.order((variant, 1))),
        ("placeOrder", 422, buyer.order((variant, 2), idempotencyKey="k")),
        ("placeOrder", 503, closed),
        ("getOrder", 404, buyer.get("/api/orders/ORD-1")),
        ("createPayment", 400, buyer.post("/api/payment/create", {})),
    ]

    assert [status for _, status, _ in answers] == [answer.status_code for *_, answer in answers]
    for operation, status, answer in answers:
        assert documented(operation, answer) <= sent(answer), (operation, status)
        # A refused read has an ETag that nobody needs; a 503 is counted or not, depending on who says it.
        unnamed = {"ETag"} | (COUNTED if status == 503 else set())
        assert sent(answer) - documented(operation, answer) <= unnamed, (operation, status)


def test_the_429_of_too_many_requests_sends_every_header_that_is_named() -> None:
    wrong = {"email": "x@example.com", "password": "x"}
    answers = [ApiClient().post("/api/auth/token", wrong) for _ in range(31)]

    assert answers[-1].status_code == 429
    assert sent(answers[-1]) == documented("createToken", answers[-1]) == COUNTED | {"X-Request-ID", "Retry-After"}


def test_the_limits_that_are_told_are_those_that_count(settings: Any, buyer: Buyer) -> None:
    rows = dict(
        line.strip("| ").split(" | ") for line in SCHEMA["info"]["description"].splitlines() if line.startswith("| ")
    )
    told = {what.split("`")[1]: Rate.of(rate).limit for what, rate in rows.items() if "`" in what}
    asked = {
        "GET": buyer.get("/api/products"),
        "POST /api/auth/token": ApiClient().post("/api/auth/token", {}),
        "POST": buyer.post("/api/orders", {}),
        "POST /api/payment/create": buyer.post("/api/payment/create", {}),
    }

    assert told == {what: int(answer["RateLimit-Limit"]) for what, answer in asked.items()}
    assert len(told) == len(settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"])
