"""Mails about money that needs an order: so far the refund."""

from __future__ import annotations

from typing import Any

from orders.emails import queue_order_mail
from orders.models import Order
from payments.models import Refund
from payments.states import RefundChannel

_WAY_BACK = {RefundChannel.BANK.value: "transfer bank"}


def mail_refund(order: Order | None, refund: Refund) -> None:
    """Tell the customer that money went back; once per refund. Money without an order has nobody to tell."""
    if order is not None:
        queue_order_mail("order_refunded", order, part=refund.refund_key, refund=refund_details(refund))


def refund_details(refund: Refund) -> dict[str, Any]:
    """Return what the mail about a refund says of it."""
    return {"amount": refund.amount, "channel": _WAY_BACK.get(refund.channel, "cara bayar semula")}
