"""Cells that several lists show: badges by state, links to orders."""

from __future__ import annotations

from django.utils.safestring import SafeString

from config.staff.show import NOTHING, badge, link
from orders.models import Order
from payments.staff.words import Badge


def shown(one: Badge) -> SafeString:
    """Return a badge as HTML."""
    return badge(one.text, one.tone, one.icon)


def order_link(order: Order | None) -> SafeString:
    """Lead to an order, or say that there is none."""
    if order is None:
        return badge("Tanpa pesanan", "batal", "triangle-alert")
    return link(order.number, "orders_order_change", order.pk)


def yes(flag: bool, text: str) -> str | SafeString:
    """Return a warning badge, or nothing."""
    return badge(text, "batal", "triangle-alert") if flag else NOTHING
