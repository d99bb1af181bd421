"""The only writer of ``Order.status``, and the writer of its history."""

from __future__ import annotations

import json
from typing import Any

from django.db import connection, transaction
from django.dispatch import Signal
from django.utils import timezone

from orders.errors import TransitionNotAllowedError
from orders.models import Order, OrderEvent
from orders.models.event import EventKind
from orders.states import ALLOWED, OrderStatus

status_changed = Signal()
"""Sent inside the transaction of every transition, with ``order`` (locked, as it is now) and ``event``.

For apps above, which write what follows from it in the same transaction; a receiver that raises undoes all of it.
"""

_EVENT_SQL = """
INSERT INTO orders_orderevent (order_id, kind, from_status, to_status, actor, reason, data, created_at)
VALUES (%s, %s, %s, %s, %s, %s, %s::jsonb, %s) RETURNING id
"""


def transition(
    order: Order,
    to: OrderStatus,
    *,
    actor: str,
    reason: str = "",
    data: dict[str, Any] | None = None,
    **changes: Any,
) -> OrderEvent:
    """Move ``order`` to ``to`` and record it in the same transaction, or raise TransitionNotAllowedError.

    The UPDATE names the status that we read, so of two racing callers one wins. ``changes`` are further columns of
    the same UPDATE, as plain values; ``order`` has all of them afterwards. A closing that was asked for ends with any
    transition.
    """
    seen = OrderStatus(order.status)
    if to not in ALLOWED[seen]:
        raise TransitionNotAllowedError(order=order.number, seen=seen, to=to)
    values = changes | {
        "status": to.value,
        "status_at": timezone.now(),
        "closing_at": None,
        "closing_to": "",
        "closing_by": "",
        "closing_reason": "",
    }
    with transaction.atomic(savepoint=False):
        moved = Order.objects.filter(pk=order.pk, status=seen).update(**values)
        if not moved:
            raise TransitionNotAllowedError(order=order.number, seen=seen, to=to)
        event = _write(order, EventKind.STATUS, actor, reason, data, from_status=seen, to_status=to)
        for name, value in values.items():
            setattr(order, name, value)
        status_changed.send(sender=Order, order=order, event=event)
    return event


def record(
    order: Order,
    kind: EventKind,
    *,
    actor: str,
    reason: str = "",
    data: dict[str, Any] | None = None,
) -> OrderEvent:
    """Write an event that changes no status."""
    return _write(order, kind, actor, reason, data)


def _write(
    order: Order,
    kind: EventKind,
    actor: str,
    reason: str,
    data: dict[str, Any] | None,
    *,
    from_status: str = "",
    to_status: str = "",
) -> OrderEvent:
    """Insert one event. By cursor: every step of every order does it inside its transaction."""
    event = OrderEvent(
        order=order,
        kind=kind,
        from_status=from_status,
        to_status=to_status,
        actor=actor,
        reason=reason[:200],
        data=data or {},
        created_at=timezone.now(),
    )
    told = (actor, event.reason, json.dumps(event.data), event.created_at)
    with connection.cursor() as cursor:
        cursor.execute(_EVENT_SQL, [order.pk, kind, from_status, to_status, *told])
        event.pk = cursor.fetchone()[0]
    event._state.adding = False
    return event
