"""A visitor with a cart, walking through checkout the way a browser does, without a browser."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from django.test import Client

from orders.demo import seed_shipping
from orders.models import Order
from shop.models import Address, Cart, User, Variant
from shop.selectors import CART_SESSION_KEY
from shop.services.cart import add_item, open_cart
from tests.support.world import make_customer, make_variant

Page = Any  # what the test client answers with

ADDRESS_PAGE, SHIPPING_PAGE, REVIEW_PAGE = "/checkout/", "/checkout/pengiriman/", "/checkout/tinjau/"
TYPED = {
    "email": "sari@contoh.id",
    "recipient": "Sari Wulandari",
    "phone": "0812 3456-7890",
    "area": "Coblong, Kota Bandung, Jawa Barat",
    "postal_code": "40132",
    "street": "Jl. Dago 12, RT 03/RW 05",
}
_HIDDEN = re.compile(r'<input type="hidden" name="(key|cart_version|expected_total)" value="([^"]*)"')


class Visitor(Client):
    """A test client with a cart; ``walk`` goes to the review page and returns its hidden boxes."""

    cart: Cart

    def fill(self, *lines: tuple[Variant, int], user: User | None = None) -> Cart:
        """Put units of variants into a cart whose token stands in the session."""
        seed_shipping()
        cart = open_cart(user=user, token="")
        for variant, quantity in lines or ((make_variant(), 1),):
            cart = add_item(cart=cart, variant_id=variant.pk, quantity=quantity)
        session = self.session
        session[CART_SESSION_KEY] = cart.token
        session.save()
        self.cart = cart
        return cart

    def type_address(self, **changes: str) -> Page:
        """Submit step 1."""
        return self.post(ADDRESS_PAGE, TYPED | changes)

    def choose_shipping(self, code: str = "jne-reg") -> Page:
        """Submit step 2."""
        return self.post(SHIPPING_PAGE, {"shipping_method": code})

    def walk(self) -> dict[str, str]:
        """Do steps 1 and 2 and return what the review page would post."""
        assert self.type_address().status_code == 303
        assert self.choose_shipping().status_code == 303
        return self.review()

    def review(self) -> dict[str, str]:
        """Open the review page and return its hidden boxes."""
        page = self.get(REVIEW_PAGE)
        assert page.status_code == 200
        return hidden(page)

    def order(self, boxes: dict[str, Any] | None = None) -> Order:
        """Press the button of the review page and return the order."""
        answer = self.post(REVIEW_PAGE, boxes if boxes is not None else self.walk())
        return order_behind(answer)


def visitor(*lines: tuple[Variant, int], member: User | None = None) -> Visitor:
    """Return a guest, or a logged-in member, whose cart holds something."""
    client = Visitor()
    if member is not None:
        client.force_login(member)
    client.fill(*lines, user=member)
    return client


def make_member(*, addresses: int = 1, province: str = "JAWA BARAT") -> User:
    """Return a member with saved addresses."""
    user = make_customer(name="Sari Wulandari")
    for number in range(addresses):
        Address.objects.create(
            user=user,
            recipient=f"Sari {number}",
            phone="+6281234567890",
            province=province,
            city="KOTA BANDUNG",
            district="Coblong",
            postal_code="40132",
            street=f"Jl. Dago {number}",
            is_default=number == 0,
        )
    return user


def hidden(page: Page) -> dict[str, str]:
    """Return the hidden boxes of a review page."""
    boxes = dict(_HIDDEN.findall(page.content.decode()))
    assert set(boxes) == {"key", "cart_version", "expected_total"}
    return boxes


def order_behind(answer: Page) -> Order:
    """Return the order whose payment page a 303 leads to."""
    from orders.links import order_by_token

    assert answer.status_code == 303, answer.content.decode()[:2000]
    parts = urlsplit(answer["Location"]).path.split("/")
    assert parts[1] == "pesanan"
    assert parts[3] == "bayar"
    return order_by_token(parts[2])


def text_of(page: Page) -> str:
    """Return the page's HTML."""
    return str(page.content.decode())


def main_of(page: Page) -> str:
    """Return what stands between header and footer."""
    return matched(r"(<main.*?</main>)", text_of(page))


def matched(pattern: str, text: str) -> str:
    """Return the first group of a pattern that must occur."""
    found = re.search(pattern, text, re.DOTALL)
    assert found, f"{pattern} does not occur"
    return found[1]
