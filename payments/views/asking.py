"""Asking the gateway on a customer's wish: bounded in time and number, and never in the way of a page."""

from __future__ import annotations

import logging

from config.errors import ShopError
from config.throttling import first_within
from orders.models import Order
from orders.states import OrderStatus
from payments.services import check_order

logger = logging.getLogger(__name__)

PAUSE_S = 3


def ask_gateway(order: Order) -> bool:
    """Ask about the order's open payments and apply the answers; False when there is no answer just now.

    Each question has a deadline of 3 s. At most one per order and three seconds: impatient clicks share an answer.
    """
    if order.status != OrderStatus.PENDING_PAYMENT or not first_within(f"payments:asked:{order.pk}", PAUSE_S):
        return True
    try:
        check_order(order_id=order.pk)
    except ShopError as error:
        logger.warning("payment.check_failed", extra={"order": order.number, "code": error.code})
        return False
    return True
