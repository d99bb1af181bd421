"""What several lists share: badges by state, links to orders, filters by words that are known beforehand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from config.staff.show import NOTHING, badge, link
from orders.models import Order
from payments.instructions import method_name
from payments.staff.words import Badge

# Django would ask the whole table which values there are.
PAYMENT_TYPES = (
    "bank_transfer", "echannel", "qris", "gopay", "shopeepay", "dana", "ovo", "credit_card", "kredivo", "akulaku",
)  # fmt: skip
GATEWAY_STATUSES = (
    "pending", "authorize", "capture", "settlement", "deny", "expire", "cancel", "failure", "partial_refund", "refund",
    "partial_chargeback", "chargeback",
)  # fmt: skip


def one_of(field: str, name: str, choices: Iterable[tuple[str, str]]) -> type[admin.SimpleListFilter]:
    """Return a filter by a column whose values are known; ``name`` is its heading and its word in the address."""
    offered = list(choices)

    class KnownValueFilter(admin.SimpleListFilter):
        title = name
        parameter_name = name.replace(" ", "-")

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return offered

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset.filter(**{field: self.value()}) if self.value() else queryset

    return KnownValueFilter


def by_payment_type(field: str) -> type[admin.SimpleListFilter]:
    """Return the filter by how it was paid."""
    return one_of(field, "cara bayar", [(code, method_name({}, code)) for code in PAYMENT_TYPES])


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
