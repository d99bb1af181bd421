"""What the shop put right by itself: a fact, written with the change or right after it, and told to the owner later."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from payments.models.payment import Payment


class RepairKind(models.TextChoices):
    REAPPLIED = "REAPPLIED", "Pembayaran diterapkan ulang"
    FOUND = "FOUND", "Perubahan dana ditemukan tanpa notifikasi"
    CLOSED = "CLOSED", "Pembayaran yang terlambat diselesaikan"


class Repair(models.Model):
    """One thing about a payment that was wrong and that a job put right. Never edited, but for ``told_at``.

    ``before`` and ``after`` are statuses: the order's for REAPPLIED, the transaction's for FOUND, the payment's for
    CLOSED. ``actor`` is the job. ``told_at`` is when the owner's mail about it was written.
    """

    kind = models.CharField("jenis", max_length=10, choices=RepairKind.choices)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="repairs", verbose_name="pembayaran")
    before = models.CharField("sebelum", max_length=20)
    after = models.CharField("sesudah", max_length=20)
    actor = models.CharField("oleh", max_length=40)
    created_at = models.DateTimeField("waktu", auto_now_add=True)
    told_at = models.DateTimeField("diberitahukan", null=True, blank=True)

    class Meta:
        verbose_name = "perbaikan otomatis"
        verbose_name_plural = "perbaikan otomatis"
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="repair_kind_known", condition=Q(kind__in=RepairKind.values)),
            models.CheckConstraint(name="repair_actor_given", condition=~Q(actor="")),
        ]
        indexes = [models.Index(name="repair_untold", fields=["id"], condition=Q(told_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.before} → {self.after}"
