"""The way back to an order for whoever has neither account nor the old mail: its link, mailed to its own address."""

from __future__ import annotations

import logging

from config.database import unit_of_work
from config.outbox import kept_only_if
from orders.emails import queue_order_mail
from orders.models import Order
from shop.limits import mail_slot

logger = logging.getLogger(__name__)


def mail_order_link(*, number: str, email: str) -> None:
    """Mail the order's link to the address that it was placed with, if number and ``email`` are one order's.

    A wrong pair costs the same work, reads and writes as a right one; only the commit differs.
    """
    order = Order.objects.filter(number=number).first()
    matches = order is not None and order.email.lower() == email.strip().lower()

    def body() -> None:
        about = order if order is not None and matches else Order(pk=0, number=number, email=email)
        with kept_only_if(matches):
            queue_order_mail("order_link", about, items=(), part=str(mail_slot()))

    unit_of_work(body)
    logger.info("order.link_asked", extra={"known": matches})
