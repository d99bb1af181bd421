"""A customer of a running shop: over HTTP, knowing nothing but its address."""

from __future__ import annotations

import itertools
from typing import Any

import requests

LOGIN = {"email": "pelanggan@infiya.store", "password": "demo-pelanggan"}

_keys = itertools.count(1)


class ShopClient:
    """The demo customer, with a token for the API and a browser's session for the pages."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.browser = requests.Session()
        self.browser.trust_env = False  # never through a proxy
        token = self.call("POST", "/api/auth/token", LOGIN).json()["token"]
        self.browser.headers["Authorization"] = f"Bearer {token}"
        self.address = self.call("GET", "/api/addresses").json()["results"][0]["id"]
        products = self.call("GET", "/api/products").json()["results"]
        self.product, self.variant = next(
            (product, variant) for product in products for variant in product["variants"] if variant["stock"] >= 10
        )

    def call(self, method: str, path: str, body: object = None) -> requests.Response:
        """Call the API, or get a page."""
        return self.browser.request(method, f"{self.base}{path}", json=body, timeout=60)

    def try_to_order(self) -> requests.Response:
        """Order one piece; each call has a key of its own."""
        item = {"productId": self.product["id"], "variantId": self.variant["id"], "quantity": 1}
        body = {"items": [item], "addressId": self.address, "idempotencyKey": f"client-{next(_keys)}"}
        return self.call("POST", "/api/orders", body)

    def order(self) -> dict[str, Any]:
        """Order one piece and return the order."""
        answer = self.try_to_order()
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()["order"]
        return found

    def try_to_pay(self, order: dict[str, Any]) -> requests.Response:
        """Ask for the page to pay an order on."""
        return self.call("POST", "/api/payment/create", {"orderId": order["id"]})

    def fill_cart(self) -> None:
        """Put a piece into the cart, as a browser does."""
        page = self.call("GET", "/produk/")
        assert page.status_code == 200
        cookie = self.call("GET", "/masuk/").cookies.get("csrftoken") or self.browser.cookies["csrftoken"]
        form = {"varian": self.variant["id"], "jumlah": 1, "csrfmiddlewaretoken": cookie}
        answer = self.browser.post(f"{self.base}/keranjang/tambah/", data=form, timeout=60)
        assert "/keranjang/" in answer.url, answer.text[:500]
