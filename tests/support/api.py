"""A caller of the JSON API: sends JSON, with a token when it has one, and reads the answer."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from orders.demo import seed_shipping
from shop.models import Address, User, Variant
from shop.services.account import add_address, issue_token
from tests.support.world import ADDRESS, make_customer

PROBLEM = "application/problem+json"
ADDRESS_BODY = {
    "recipient": "Sari Wulandari",
    "phone": "0812-3456-7890",
    "province": "JAWA BARAT",
    "city": "KOTA BANDUNG",
    "district": "Coblong",
    "postalCode": "40132",
    "street": "Jl. Dago 12\nRT 03/RW 05",
}
PRIVATE = [
    ("GET", "/api/addresses"),
    ("POST", "/api/addresses"),
    ("GET", "/api/orders"),
    ("POST", "/api/orders"),
    ("GET", "/api/orders/1"),
    ("POST", "/api/orders/1/cancel"),
    ("POST", "/api/payment/create"),
]
PUBLIC = [("POST", "/api/auth/token"), ("GET", "/api/products"), ("GET", "/api/products/1")]
POSTS = [path for method, path in PRIVATE + PUBLIC if method == "POST"]


class ApiClient:
    """One caller. Without a user it is a stranger."""

    def __init__(self, user: User | None = None, **options: Any) -> None:
        self.client = Client(**options)
        self.headers = {"Authorization": f"Bearer {issue_token(user=user).token}"} if user else {}

    def get(self, path: str, **headers: str) -> Any:
        """GET; ``headers`` are named with underscores."""
        return self.client.get(path, headers=self.headers | _named(headers))

    def post(self, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str) -> Any:
        """POST ``body`` as JSON, or ``raw`` as it is."""
        data = json.dumps({} if body is None else body).encode() if raw is None else raw
        content_type = headers.pop("content_type", "application/json")
        return self.client.post(path, data=data, content_type=content_type, headers=self.headers | _named(headers))


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


class Buyer(ApiClient):
    """A customer with a saved address, who knows how to order."""

    def __init__(self) -> None:
        seed_shipping()
        self.user = make_customer()
        self.address = make_address(self.user)
        super().__init__(self.user)

    def body(self, *lines: tuple[Variant, int], **changes: Any) -> dict[str, Any]:
        items = [
            {"productId": str(variant.product_id), "variantId": str(variant.pk), "quantity": quantity}
            for variant, quantity in lines
        ]
        return {"items": items, "addressId": str(self.address.pk)} | changes

    def order(self, *lines: tuple[Variant, int], **changes: Any) -> Any:
        return self.post("/api/orders", self.body(*lines, **changes))


def make_address(user: User, **changes: Any) -> Address:
    """Save the usual address for somebody."""
    return add_address(user=user, data=type(ADDRESS)(**vars(ADDRESS) | changes))


def fields_of(answer: Any) -> list[str]:
    """Return the fields that a 400 names, after checking that it is a whole problem."""
    body = problem_of(answer, 400)
    return [error["field"] for error in body.get("errors", [])]


def problem_of(answer: Any, status: int) -> dict[str, Any]:
    """Return the body of a problem, after checking the members that every one has."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == PROBLEM
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["type"]
    assert body["title"]
    assert body["detail"]
    assert body["error"] == body["detail"]
    return body
