"""A customer's wish to have a paid order cancelled: a fact that staff answer."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from orders.models.order import Order


class CancelRequestState(models.TextChoices):
    OPEN = "OPEN", "Menunggu jawaban"
    ACCEPTED = "ACCEPTED", "Disetujui"
    DECLINED = "DECLINED", "Ditolak"
    WITHDRAWN = "WITHDRAWN", "Gugur"


class CancelRequest(models.Model):
    """OPEN -> ACCEPTED | DECLINED by staff, or WITHDRAWN: by the customer, or because the parcel left first.

    At most one is open per order. It changes neither status nor money; accepting it goes the way of every cancellation
    of a paid order, and that alone does.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="cancel_requests")
    reason = models.CharField("alasan pelanggan", max_length=200)
    state = models.CharField(
        "keadaan",
        max_length=9,
        choices=CancelRequestState.choices,
        default=CancelRequestState.OPEN,
    )
    created_at = models.DateTimeField("diminta", auto_now_add=True)
    answered_at = models.DateTimeField("dijawab", null=True, blank=True)
    answered_by = models.CharField("dijawab oleh", max_length=80, blank=True)
    answer = models.CharField("jawaban", max_length=200, blank=True)

    class Meta:
        verbose_name = "permintaan batal"
        verbose_name_plural = "permintaan batal"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(name="cancel_request_state_known", condition=Q(state__in=CancelRequestState.values)),
            models.CheckConstraint(
                name="cancel_request_answer_is_whole",
                condition=Q(state=CancelRequestState.OPEN, answered_at__isnull=True, answered_by="", answer="")
                | (~Q(state=CancelRequestState.OPEN) & Q(answered_at__isnull=False) & ~Q(answered_by="")),
            ),
            models.CheckConstraint(
                name="cancel_request_decline_has_reason",
                condition=~Q(state=CancelRequestState.DECLINED) | ~Q(answer=""),
            ),
            models.UniqueConstraint(
                name="cancel_request_one_open_per_order",
                fields=["order"],
                condition=Q(state=CancelRequestState.OPEN),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.state}"
