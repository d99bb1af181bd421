"""The only writer of ``Order.status``, and the writer of its history."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from orders.errors import TransitionNotAllowedError
from orders.models import Order, OrderEvent
from orders.models.event import EventKind
from orders.states import ALLOWED, OrderStatus


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
    the same UPDATE. A closing that was asked for ends with any transition.
    """
    seen = OrderStatus(order.status)
    if to not in ALLOWED[seen]:
        raise TransitionNotAllowedError(order=order.number, seen=seen, to=to)
    with transaction.atomic():
        moved = Order.objects.filter(pk=order.pk, status=seen).update(
            status=to,
            status_at=timezone.now(),
            closing_at=None,
            closing_to="",
            closing_by="",
            closing_reason="",
            **changes,
        )
        if moved != 1:
            raise TransitionNotAllowedError(order=order.number, seen=seen, to=to)
        event = OrderEvent.objects.create(
            order=order,
            kind=EventKind.STATUS,
            from_status=seen,
            to_status=to,
            actor=actor,
            reason=reason[:200],
            data=data or {},
        )
    order.refresh_from_db()
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
    return OrderEvent.objects.create(
        order=order,
        kind=kind,
        actor=actor,
        reason=reason[:200],
        data=data or {},
    )
