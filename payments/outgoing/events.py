"""What integrators are told: written for every endpoint that wants it, in the transaction of its cause."""

from __future__ import annotations

import json
import secrets
from typing import Any

from django.utils import timezone

from config.api.serializers import shape
from config.rows import rows_of
from orders.models import Order, OrderEvent, Shipment
from orders.selectors import items_of
from orders.states import OrderStatus
from orders.transitions import status_changed
from payments.models import Payment, Refund, WebhookDelivery, WebhookEndpoint
from payments.states import EventType

_OF_STATUS = {
    OrderStatus.PAID: EventType.PAID,
    OrderStatus.SHIPPED: EventType.SHIPPED,
    OrderStatus.CANCELLED: EventType.CANCELLED,
    OrderStatus.EXPIRED: EventType.CANCELLED,
}


def announce_refund(order: Order | None, refund: Refund) -> None:
    """Write ``order.refunded`` for money that went back, whole or in part. Money without an order is nobody's event."""
    if order is not None:
        details = {"amount": refund.amount, "currency": "IDR", "channel": refund.channel, "reason": refund.reason}
        _announce(EventType.REFUNDED, order, refund=details)


def ping(endpoint: WebhookEndpoint) -> WebhookDelivery:
    """Write an event that only tries the way, whatever the endpoint wants."""
    event_id = _new_id()
    body = _body(event_id, EventType.PING, {"message": "Halo dari infiya.store"})
    return WebhookDelivery.objects.create(
        endpoint=endpoint, event_id=event_id, type=EventType.PING, reference="-", body=body
    )


def listen() -> None:
    """Begin to announce changes of status; once per process, when the app is ready."""
    status_changed.connect(_on_status_changed, dispatch_uid="payments.outgoing")


def _on_status_changed(*, order: Order, event: OrderEvent, **_: Any) -> None:
    kind = _OF_STATUS.get(OrderStatus(order.status))
    if kind is not None:
        _announce(kind, order, previousStatus=event.from_status, reason=event.reason)


def _announce(kind: EventType, order: Order, **more: Any) -> None:
    """Write one delivery per endpoint, all with the same id. One query when nobody listens."""
    endpoints = rows_of(WebhookEndpoint, "is_active AND %s = ANY(events) ORDER BY id", [kind.value])
    if not endpoints:
        return
    event_id = _new_id()
    body = _body(event_id, kind, {"order": _shown(order), **more})
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(endpoint=endpoint, event_id=event_id, type=kind, reference=order.number, body=body)
        for endpoint in endpoints
    )


def _body(event_id: str, kind: EventType, data: dict[str, Any]) -> str:
    event = {"id": event_id, "type": kind.value, "createdAt": timezone.now().isoformat(), "data": data}
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"), default=str)


def _shown(order: Order) -> Any:
    """Return the order as the API shows it to its owner."""
    # Late, because the API's modules stand above the services that announce.
    from payments.api.selectors import WholeOrder
    from payments.api.serializers import OrderSerializer

    whole = WholeOrder(
        order,
        items_of(order),
        rows_of(Payment, "order_id = %s ORDER BY id", [order.pk]),
        rows_of(Shipment, "order_id = %s ORDER BY id", [order.pk]),
    )
    return shape(OrderSerializer).to_representation(whole)


def _new_id() -> str:
    return f"evt_{secrets.token_urlsafe(18)}"
