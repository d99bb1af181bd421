"""Reads of orders, with what their pages need."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from config.errors import NotFoundError
from orders.models import Order
from shop.models import User

MAX_BIGINT = 2**63 - 1


def orders_of(user: User) -> QuerySet[Order]:
    """Return a customer's own orders, newest first, with their items."""
    return Order.objects.filter(user=user).prefetch_related("items").order_by("-pk")


def by_reference(reference: str) -> Q:
    """Return the filter for an order's id (digits) or number."""
    wanted = Q(number=reference.upper())
    if reference.isascii() and reference.isdecimal() and int(reference) <= MAX_BIGINT:
        wanted |= Q(pk=int(reference))
    return wanted


def get_order_of(user: User, reference: str) -> Order:
    """Return a customer's own order by id or number. Raises NotFoundError for anybody else's."""
    order = orders_of(user).filter(by_reference(reference)).first()
    if order is None:
        raise NotFoundError("Pesanan tidak ditemukan.")
    return order
