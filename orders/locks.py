"""Row locks of ``orders``; see ``shop.locks`` for the one lock order."""

from __future__ import annotations

from config.rows import lock_rows
from orders.models import Order, Voucher


def lock_order(pk: int) -> Order:
    """Lock one order. Raises Order.DoesNotExist."""
    found = lock_rows(Order, "id = %s", [pk])
    if not found:
        raise Order.DoesNotExist
    return found[0]


def lock_voucher(pk: int) -> Voucher:
    """Lock one voucher: its uses are counted one after the other. Raises Voucher.DoesNotExist."""
    found = lock_rows(Voucher, "id = %s", [pk])
    if not found:
        raise Voucher.DoesNotExist
    return found[0]
