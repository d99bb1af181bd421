"""Orders follow their owner into a new mailbox; ``shop`` knows it as the hook EMAIL_CHANGED."""

from __future__ import annotations

from config.rows import lock_rows
from orders.models import Order
from orders.models.event import EventKind
from orders.transitions import record
from shop.models import User


def follow_email(*, user: User, before: str) -> None:
    """Send the mails of the user's orders to his new address, where they went to ``before``.

    Part of the transaction that changed it, whose caller holds the user's lock. Orders that have ended follow too: a
    refund may still be told of, staff may send a mail again, and the link to an order is asked for with its address.
    Their history names no address, since an erasure could not take one out of it.
    """
    orders = lock_rows(Order, "user_id = %s AND lower(email) = %s", [user.pk, before.lower()])
    Order.objects.filter(pk__in=[order.pk for order in orders]).update(email=user.email)
    for order in orders:
        record(order, EventKind.NOTE, actor=f"customer:{user.pk}", reason="E-mail akun diganti, juga di pesanan ini.")
