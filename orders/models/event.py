"""The history of an order: append-only, written in the transaction of what it tells."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from orders.models.order import Order


class EventKind(models.TextChoices):
    PLACED = "PLACED", "Pesanan dibuat"
    STATUS = "STATUS", "Status berubah"
    CLOSING = "CLOSING", "Penutupan diminta"
    HOLD = "HOLD", "Pembayaran ditahan"
    PAYMENT = "PAYMENT", "Pembayaran"
    STOCK = "STOCK", "Stok"
    REFUND = "REFUND", "Pengembalian dana"
    NOTE = "NOTE", "Catatan"


class OrderEvent(models.Model):
    """What happened, who did it, why. A trigger refuses changes and deletions."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=8, choices=EventKind.choices)
    from_status = models.CharField(max_length=16, blank=True)
    to_status = models.CharField(max_length=16, blank=True)
    actor = models.CharField("oleh", max_length=80)
    reason = models.CharField("alasan", max_length=200, blank=True)
    data = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField("waktu", auto_now_add=True)

    class Meta:
        verbose_name = "riwayat"
        verbose_name_plural = "riwayat"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(name="order_event_actor_given", condition=~Q(actor="")),
            models.CheckConstraint(name="order_event_kind_known", condition=Q(kind__in=EventKind.values)),
            models.CheckConstraint(
                name="order_event_status_has_target",
                condition=~Q(kind=EventKind.STATUS) | ~Q(to_status=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.to_status}".rstrip()
