"""The visitor's cart: its token stands in the session, and only a first article makes a session."""

from __future__ import annotations

from django.http import HttpRequest

from shop.models import Cart, User
from shop.selectors import CART_SESSION_KEY
from shop.services.cart import find_cart, merge_at_login, open_cart


def member(request: HttpRequest) -> User | None:
    """Return the logged-in customer, or None for a visitor."""
    return request.user if isinstance(request.user, User) else None


def cart_token(request: HttpRequest) -> str:
    """Return the token in the session, or an empty string; makes no session."""
    return str(request.session.get(CART_SESSION_KEY, ""))


def current_cart(request: HttpRequest) -> Cart | None:
    """Return the visitor's open cart, or the one that just became an order (CONVERTED); writes nothing."""
    return find_cart(user=member(request), token=cart_token(request))


def cart_to_fill(request: HttpRequest) -> Cart:
    """Return the open cart to put things into, making one where there is none; its token goes into the session."""
    cart = open_cart(user=member(request), token=cart_token(request))
    remember(request, cart)
    return cart


def remember(request: HttpRequest, cart: Cart) -> None:
    """Keep the cart's token in the session; no write when it is there already."""
    if cart_token(request) != cart.token:
        request.session[CART_SESSION_KEY] = cart.token


def take_along(request: HttpRequest, user: User, token: str) -> None:
    """Bring the visitor's cart (``token``, read before the login changed the session) into the member's."""
    cart = merge_at_login(user=user, token=token)
    if cart is not None:
        remember(request, cart)
