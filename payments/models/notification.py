"""What the gateway told us: the inbox of correctly signed bodies, the count of badly signed ones, and its troubles."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from payments.models.payment import Payment
from payments.states import NotificationOutcome


class GatewayNotification(models.Model):
    """One correctly signed body, stored before anything is done with it. The body is never believed, only a trigger."""

    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 dari isi")
    body = models.TextField("isi")
    gateway_id = models.CharField("ID di Midtrans", max_length=50)
    transaction_id = models.CharField("ID transaksi", max_length=64)
    claimed_status = models.CharField("mengaku", max_length=40)
    payment = models.ForeignKey(
        Payment,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="notifications",
    )
    outcome = models.CharField(
        "hasil",
        max_length=16,
        choices=NotificationOutcome.choices,
        default=NotificationOutcome.WAITING,
    )
    attempts = models.PositiveSmallIntegerField("percobaan", default=0)
    next_attempt_at = models.DateTimeField("percobaan berikut", null=True, blank=True)
    lease = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField("kesalahan terakhir", max_length=200, blank=True)
    deliveries = models.PositiveIntegerField("diterima", default=1)
    received_at = models.DateTimeField("pertama diterima", auto_now_add=True)
    applied_at = models.DateTimeField("diterapkan", null=True, blank=True)

    class Meta:
        verbose_name = "notifikasi Midtrans"
        verbose_name_plural = "notifikasi Midtrans"
        ordering = ["-pk"]
        permissions = [("reprocess_notification", "Boleh memproses ulang notifikasi")]
        constraints = [
            models.CheckConstraint(
                name="notification_outcome_known",
                condition=Q(outcome__in=NotificationOutcome.values),
            ),
            models.CheckConstraint(
                name="notification_applied_has_time",
                condition=~Q(outcome=NotificationOutcome.APPLIED) | Q(applied_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="notification_waiting",
                fields=["next_attempt_at"],
                condition=Q(outcome__in=["WAITING", "UNKNOWN_ORDER"]),
            ),
            models.Index(name="notification_exhausted", fields=["id"], condition=Q(outcome="EXHAUSTED")),
            models.Index(name="notification_by_gateway_id", fields=["gateway_id"]),
            models.Index(name="notification_newest", fields=["-received_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.gateway_id}: {self.claimed_status}"


class SignatureFailure(models.Model):
    """How many bodies with a wrong signature came in one minute (UTC). The bodies themselves are not kept."""

    minute = models.DateTimeField(primary_key=True)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "tanda tangan salah"
        verbose_name_plural = "tanda tangan salah"

    def __str__(self) -> str:
        return f"{self.minute:%Y-%m-%d %H:%M} UTC: {self.count}"


class GatewayTrouble(models.Model):
    """A fact that stopped a job: the gateway refuses our key, or does not know many payments that it should know."""

    kind = models.CharField(max_length=40)
    detail = models.CharField(max_length=300, blank=True)
    count = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField(auto_now_add=True)
    last_at = models.DateTimeField(auto_now=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "gangguan Midtrans"
        verbose_name_plural = "gangguan Midtrans"
        constraints = [
            models.UniqueConstraint(
                name="gateway_trouble_one_open_per_kind",
                fields=["kind"],
                condition=Q(ended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.kind
