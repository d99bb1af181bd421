"""The states of an order, and which may follow which."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import models


class OrderStatus(models.TextChoices):
    PENDING_PAYMENT = "PENDING_PAYMENT", "Menunggu pembayaran"
    PAID = "PAID", "Dibayar"
    PROCESSING = "PROCESSING", "Dikemas"
    SHIPPED = "SHIPPED", "Dikirim"
    COMPLETED = "COMPLETED", "Selesai"
    EXPIRED = "EXPIRED", "Kedaluwarsa"
    CANCELLED = "CANCELLED", "Dibatalkan"
    REFUNDED = "REFUNDED", "Dikembalikan"


S = OrderStatus

ALLOWED: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    S.PENDING_PAYMENT: frozenset({S.PAID, S.EXPIRED, S.CANCELLED}),
    S.PAID: frozenset({S.PROCESSING, S.SHIPPED, S.CANCELLED}),
    S.PROCESSING: frozenset({S.SHIPPED, S.CANCELLED}),
    S.SHIPPED: frozenset({S.COMPLETED, S.REFUNDED}),
    S.COMPLETED: frozenset({S.REFUNDED}),
    S.EXPIRED: frozenset({S.PAID}),  # late money, and only if all stock could be taken again
    S.CANCELLED: frozenset(),
    S.REFUNDED: frozenset(),
}

PAID_UNSENT = frozenset({S.PAID, S.PROCESSING})
PAID_OR_LATER = frozenset({S.PAID, S.PROCESSING, S.SHIPPED, S.COMPLETED})
CLOSED_UNPAID = frozenset({S.EXPIRED, S.CANCELLED})
