"""The customer's mails about an order: rendered once, stored in the transaction of their cause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from config.outbox import queue_mail
from config.rendering import render_mail
from orders.links import order_url
from orders.models import Order, OrderItem
from orders.selectors import items_of


def queue_order_mail(
    name: str,
    order: Order,
    *,
    items: Sequence[OrderItem] | None = None,
    part: str = "",
    path: str = "",
    **context: Any,
) -> None:
    """Queue the mail ``name`` about ``order``, once per order, name and ``part`` (a refund's key, for instance).

    ``items`` saves reading them when the caller has them at hand. ``path`` is where a mail's button leads that leads
    elsewhere than to the order.
    """
    url = order_url(order)
    mail = render_mail(
        name,
        {
            "order": _for_mail(order, items),
            "order_url": url,
            "pay_url": f"{url}bayar/",
            "url": f"{settings.SITE_URL}{path}",
            "paid": order.paid_at is not None,
        }
        | context,
    )
    queue_mail(
        kind=name,
        to=order.email,
        key="/".join(filter(None, (name, order.number, part))),
        reference=order.number,
        **mail._asdict(),
    )


def _for_mail(order: Order, items: Sequence[OrderItem] | None) -> dict[str, Any]:
    fields = [
        "number",
        "total",
        "subtotal",
        "shipping_cost",
        "discount",
        "voucher_code",
        "courier",
        "expires_at",
        "recipient",
        "phone",
        "street",
        "district",
        "city",
        "province",
        "postal_code",
    ]
    return {field: getattr(order, field) for field in fields} | {
        "items": items_of(order) if items is None else list(items),
    }
