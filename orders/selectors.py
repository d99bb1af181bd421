"""Reads of orders, with what their pages need."""

from __future__ import annotations

from django.db import connection
from django.db.models import Q, QuerySet

from config.errors import NotFoundError
from orders.models import Order, OrderItem
from shop.models import User, Variant

MAX_BIGINT = 2**63 - 1
_ITEMS_SQL = """
SELECT i.id, i.variant_id, v.product_id, i.name, i.variant_name, i.sku, i.unit_price, i.quantity, i.weight
  FROM orders_orderitem i JOIN shop_variant v ON v.id = i.variant_id WHERE i.order_id = %s ORDER BY i.id
"""


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


def items_of(order: Order) -> list[OrderItem]:
    """Return the lines of one order with the ids of their variants and products."""
    with connection.cursor() as cursor:
        cursor.execute(_ITEMS_SQL, [order.pk])
        rows = cursor.fetchall()
    return [
        OrderItem(
            pk=pk,
            order=order,
            variant=Variant(pk=variant_id, product_id=product_id),
            name=name,
            variant_name=variant_name,
            sku=sku,
            unit_price=unit_price,
            quantity=quantity,
            weight=weight,
        )
        for pk, variant_id, product_id, name, variant_name, sku, unit_price, quantity, weight in rows
    ]
