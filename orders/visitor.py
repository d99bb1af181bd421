"""Which orders this browser may open: those placed or opened in its session, and a member's own."""

from __future__ import annotations

from django.http import HttpRequest

from orders.models import Order
from shop.carts import member

_SESSION_KEY = "orders"
_PLACED_KEY = "orders_placed"
_KEPT = 20


def remember_order(request: HttpRequest, order: Order) -> None:
    """Note in the session that its visitor holds the order's link; no write when that is known already."""
    seen = _remembered(request)
    mark = [order.pk, order.link_version]
    if mark not in seen:
        request.session[_SESSION_KEY] = [*seen, mark][-_KEPT:]


def remember_placed(request: HttpRequest, order: Order) -> None:
    """Note that the order was placed in this session: more than the link gives."""
    remember_order(request, order)
    placed = request.session.get(_PLACED_KEY, [])
    if order.pk not in placed:
        request.session[_PLACED_KEY] = [*placed, order.pk][-_KEPT:]


def may_take_back(request: HttpRequest, order: Order) -> bool:
    """Say whether the visitor may cancel the order: its logged-in owner, or the session that placed it.

    A forwarded link shows the order and lets one pay, no more.
    """
    return owns(request, order) or order.pk in request.session.get(_PLACED_KEY, [])


def holds(request: HttpRequest, order: Order) -> bool:
    """Say whether the visitor may be led to the order's page: its owner, or somebody who held its link before."""
    return owns(request, order) or [order.pk, order.link_version] in _remembered(request)


def owns(request: HttpRequest, order: Order) -> bool:
    """Say whether the logged-in member is the customer of the order; a guest's link alone does not make an owner."""
    user = member(request)
    return user is not None and user.pk == order.user_id


def _remembered(request: HttpRequest) -> list[list[int]]:
    seen = request.session.get(_SESSION_KEY, [])
    return seen if isinstance(seen, list) else []
