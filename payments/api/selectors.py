"""Reads of orders with their money and parcels, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, QuerySet

from config.errors import NotFoundError
from config.rows import rows_of
from orders.models import Order, OrderItem, Shipment
from orders.selectors import by_reference, items_of
from orders.services import PlacedOrder
from orders.states import OrderStatus
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


@dataclass(frozen=True)
class WholeOrder:
    """An order with what an answer shows of it; everything else is the order's own."""

    order: Order
    items: Sequence[OrderItem]
    payments: Sequence[Payment] = ()
    shipments: Sequence[Shipment] = ()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.order, name)


def whole(placed: PlacedOrder) -> WholeOrder:
    """Return the order of ``placed``, complete. A new one has nothing to look for; parcels begin with SHIPPED."""
    order = placed.order
    if not placed.duplicate:
        return WholeOrder(order, placed.items or items_of(order))
    sent = order.status in {OrderStatus.SHIPPED, OrderStatus.COMPLETED, OrderStatus.REFUNDED}
    return WholeOrder(
        order,
        items_of(order),
        rows_of(Payment, "order_id = %s ORDER BY id", [order.pk]),
        rows_of(Shipment, "order_id = %s ORDER BY id", [order.pk]) if sent else (),
    )


def was_placed(user: User, key: str) -> bool:
    """Say whether the customer has an order under this idempotency key."""
    return Order.objects.filter(user=user, idempotency_key=key).exists()


def shown_payment(order: Order | WholeOrder) -> Payment | None:
    """Return the payment that tells how the order stands: the one that brought money, the open one, the last one."""
    payments = list(order.payments) if isinstance(order, WholeOrder) else list(order.payments.all())
    for states in (MONEY_CAME, OPEN):
        if found := [payment for payment in payments if payment.status in states]:
            return found[0]
    return payments[-1] if payments else None


def _shown() -> tuple[Any, ...]:
    return (
        Prefetch("items", queryset=OrderItem.objects.select_related("variant").order_by("pk")),
        Prefetch("payments", queryset=Payment.objects.defer("raw").order_by("pk")),
        Prefetch("shipments", queryset=Shipment.objects.order_by("pk")),
    )
