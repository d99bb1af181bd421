"""The way into a checkout step: with an open cart that holds something, or elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse

from config.errors import ShopError
from orders import changes, destination
from orders.answers import Detour, SeeOther
from orders.checkout import Checkout, assemble, load_draft, order_of
from shop.carts import current_cart, member
from shop.models import CartStatus
from shop.selectors import cart_view
from shop.services.site import require_open


@dataclass(frozen=True)
class Problem:
    """One line of the error summary; ``href`` leads to what it is about."""

    text: str
    href: str = ""


@dataclass(frozen=True)
class Step:
    """One of the three steps as the page lists it; finished ones are links."""

    label: str
    url: str = ""
    current: bool = False


_STEPS = (("Alamat", "orders:checkout"), ("Pengiriman", "orders:shipping"), ("Tinjau & bayar", "orders:review"))
SUMMARY = "#h-ringkasan"


def enter(request: HttpRequest) -> Checkout:
    """Return the visitor's checkout. Raises Detour (no open cart, or an empty one) and ShopClosedError."""
    cart = current_cart(request)
    if cart is None:
        raise Detour(SeeOther(reverse("shop:cart")))
    if cart.status == CartStatus.CONVERTED:
        raise Detour(SeeOther(reverse("orders:checkout" if order_of(cart) else "shop:cart")))
    require_open()
    near = destination.remembered(request.session)
    checkout = assemble(cart, load_draft(request.session), member(request), near)
    if not checkout.contents.lines:
        raise Detour(SeeOther(reverse("shop:cart")))
    return checkout


def enter_with_address(request: HttpRequest) -> Checkout:
    """Return the checkout once step 1 is done; else lead there."""
    checkout = enter(request)
    if not checkout.has_address:
        raise Detour(SeeOther(reverse("orders:checkout")))
    return checkout


def enter_complete(request: HttpRequest) -> Checkout:
    """Return the checkout once steps 1 and 2 are done; else lead to the first that is missing."""
    checkout = enter_with_address(request)
    if checkout.quote is None:
        raise Detour(SeeOther(reverse("orders:shipping")))
    return checkout


def steps(current: int) -> list[Step]:
    """Return the three steps with number ``current`` (0 to 2) as the one at hand."""
    return [
        Step(label, reverse(name) if index < current else "", current=index == current)
        for index, (label, name) in enumerate(_STEPS)
    ]


def notices(checkout: Checkout) -> list[str]:
    """Return what a page says calmly: changes in the cart that nothing was done about yet."""
    return changes.sentences(checkout.contents, done=False)


def settle(request: HttpRequest, checkout: Checkout) -> list[Problem]:
    """Put right what changed in the cart since it was last seen, and return what to say about it.

    Raises Detour to the cart when nothing would be left in it.
    """
    contents = cart_view(checkout.cart)
    told = [Problem(text, SUMMARY) for text in changes.sentences(contents, done=True)]
    if not told:
        return []
    if changes.empties(contents):
        messages.warning(request, "Barang di keranjangmu tidak tersedia lagi, jadi belum ada pesanan yang dibuat.")
        raise Detour(SeeOther(reverse("shop:cart")))
    try:
        changes.accept(checkout.cart, contents)
    except ShopError as error:  # another tab was faster: it became an order, or changed again
        return [Problem(str(error), SUMMARY)]
    return told


def renewed(request: HttpRequest, checkout: Checkout) -> Checkout:
    """Return the checkout with cart, prices and services read again."""
    checkout.cart.refresh_from_db()
    return assemble(checkout.cart, load_draft(request.session), checkout.member, checkout.near)
