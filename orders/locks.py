"""Row locks of ``orders``; see ``shop.locks`` for the one lock order."""

from __future__ import annotations

from orders.models import Order


def lock_order(pk: int) -> Order:
    """Lock one order. Raises Order.DoesNotExist."""
    return Order.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)
