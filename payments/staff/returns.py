"""Goods of a shipped order that came back to the shelf."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from config.database import unit_of_work
from orders.locks import lock_order
from orders.models.event import EventKind
from orders.states import OrderStatus
from orders.transitions import record
from shop.errors import StockRuleError
from shop.services import stock

LEFT_THE_HOUSE = frozenset({OrderStatus.SHIPPED, OrderStatus.COMPLETED, OrderStatus.REFUNDED})


def receive_goods_back(
    *,
    order_id: int,
    quantities: Mapping[int, int],
    reference: str,
    reason: str,
    actor: str,
) -> int:
    """Book units (by variant id) of a shipped order back into stock, once per ``reference``. Returns the units.

    The order's status and money stay as they are. Raises StockRuleError, also for a reference that was booked.
    """
    return unit_of_work(partial(_receive, order_id, quantities, reference.strip(), reason.strip(), actor))


def _receive(order_id: int, quantities: Mapping[int, int], reference: str, reason: str, actor: str) -> int:
    order = lock_order(order_id)
    if order.status not in LEFT_THE_HOUSE:
        raise StockRuleError("Barang pesanan ini belum pernah dikirim.")
    movements = stock.receive_return(
        reference=order.number,
        return_reference=reference,
        quantities=quantities,
        actor=actor,
        reason=reason,
    )
    units = sum(movement.delta for movement in movements)
    record(order, EventKind.STOCK, actor=actor, reason=f"{units} unit kembali: {reason}", data={"return": reference})
    return units
