"""Reads of orders with their money and parcels, in a fixed number of queries."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet, prefetch_related_objects

from config.errors import NotFoundError
from orders.models import Order, OrderItem, Shipment
from orders.selectors import by_reference
from payments.models import Payment
from payments.states import MONEY_CAME, OPEN
from shop.models import User

MISSING = "Pesanan tidak ditemukan."


def own_orders(user: User) -> QuerySet[Order]:
    """Return a customer's own orders with what an answer shows of them."""
    return Order.objects.filter(user=user).prefetch_related(*_shown())


def own_order(user: User, reference: str) -> Order:
    """Return a customer's own order by id or number, complete. Raises NotFoundError for anybody else's."""
    order = own_orders(user).filter(by_reference(reference)).first()
    if order is None:
        raise NotFoundError(MISSING)
    return order


def own_order_id(user: User, reference: str) -> int:
    """Return the id of a customer's own order by id or number. Raises NotFoundError for anybody else's."""
    pk = Order.objects.filter(user=user).filter(by_reference(reference)).values_list("pk", flat=True).first()
    if pk is None:
        raise NotFoundError(MISSING)
    return pk


def complete(order: Order, *, is_new: bool) -> Order:
    """Read what an answer shows of an order that is at hand; a new one has no payments or parcels to look for."""
    prefetch_related_objects([order], *_shown(is_new=is_new))
    return order


def was_placed(user: User, key: str) -> bool:
    """Say whether the customer has an order under this idempotency key."""
    return Order.objects.filter(user=user, idempotency_key=key).exists()


def shown_payment(order: Order) -> Payment | None:
    """Return the payment that tells how the order stands: the one that brought money, the open one, the last one."""
    payments = list(order.payments.all())
    for states in (MONEY_CAME, OPEN):
        if found := [payment for payment in payments if payment.status in states]:
            return found[0]
    return payments[-1] if payments else None


def _shown(*, is_new: bool = False) -> tuple[Any, ...]:
    payments, shipments = Payment.objects.defer("raw").order_by("pk"), Shipment.objects.order_by("pk")
    return (
        Prefetch("items", queryset=OrderItem.objects.select_related("variant").order_by("pk")),
        Prefetch("payments", queryset=payments.none() if is_new else payments),
        Prefetch("shipments", queryset=shipments.none() if is_new else shipments),
    )
