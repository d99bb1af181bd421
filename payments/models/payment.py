"""Payments (one per order id at the gateway) and the transactions under them (one per attempt of the customer)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from orders.models import Order
from payments.states import LOOKED_AT, OPEN, PaymentStatus, TransactionStatus

OPEN_VALUES = sorted(status.value for status in OPEN)


class Payment(models.Model):
    """One Midtrans order id. At most one is open per order; SUCCESS is deliberately not unique.

    ``lease`` is a fresh random value per take, held by whoever writes to the gateway for this payment (create or
    kill); an answer is stored only while the lease is still the writer's own. ``order`` is NULL for money that the
    gateway confirmed and whose order this database does not have. ``unanswered`` counts gateway creations that were
    begun and whose answer was never stored: while it is above zero a token may exist that we never saw, and the one
    that we know may have been replaced. A lease that ended by itself stays written: whoever had it got no answer.
    ``next_look_at``: when the gateway is asked again about one that succeeded or was given back; NULL: no more.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, blank=True, related_name="payments")
    gateway_id = models.CharField("ID di Midtrans", max_length=50, unique=True)
    amount = models.PositiveBigIntegerField("jumlah", help_text="Rupiah")
    status = models.CharField(
        "status",
        max_length=20,
        choices=PaymentStatus.choices,
        default=PaymentStatus.INITIATED,
    )
    method = models.CharField("cara bayar", max_length=30, blank=True)
    token = models.CharField(max_length=64, blank=True)
    redirect_url = models.URLField(max_length=300, blank=True)
    raw = models.JSONField("jawaban terakhir", default=dict, blank=True)
    expires_at = models.DateTimeField("batas bayar")

    lease = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    unanswered = models.PositiveSmallIntegerField(default=0)
    kill_asked_at = models.DateTimeField("minta dimatikan", null=True, blank=True)
    killed_at = models.DateTimeField("mati sejak", null=True, blank=True)
    missing_since = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField("percobaan", default=0)
    next_attempt_at = models.DateTimeField("percobaan berikut", null=True, blank=True)
    checked_at = models.DateTimeField("terakhir dicek", null=True, blank=True)

    created_at = models.DateTimeField("dibuat", auto_now_add=True)
    success_at = models.DateTimeField("berhasil", null=True, blank=True)
    next_look_at = models.DateTimeField("dilihat lagi", null=True, blank=True)

    class Meta:
        verbose_name = "pembayaran"
        verbose_name_plural = "pembayaran"
        ordering = ["-pk"]
        permissions = [("check_payment", "Boleh mengecek status di Midtrans")]
        constraints = [
            models.CheckConstraint(name="payment_amount_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(name="payment_status_known", condition=Q(status__in=PaymentStatus.values)),
            models.CheckConstraint(
                name="payment_without_order_is_not_open",
                condition=Q(order__isnull=False) | ~Q(status__in=OPEN_VALUES),
            ),
            models.CheckConstraint(
                name="payment_success_has_success_at",
                condition=~Q(status=PaymentStatus.SUCCESS) | Q(success_at__isnull=False),
            ),
            models.UniqueConstraint(
                name="payment_one_open_per_order",
                fields=["order"],
                condition=Q(status__in=OPEN_VALUES),
            ),
        ]
        indexes = [
            models.Index(
                name="payment_success_by_order",
                fields=["order", "id"],
                condition=Q(status=PaymentStatus.SUCCESS),
            ),
            models.Index(name="payment_success_by_time", fields=["success_at"], condition=Q(status="SUCCESS")),
            models.Index(name="payment_open_by_age", fields=["created_at"], condition=Q(status__in=OPEN_VALUES)),
            models.Index(
                name="payment_kill_wanted",
                fields=["next_attempt_at"],
                condition=Q(kill_asked_at__isnull=False, killed_at__isnull=True),
            ),
            models.Index(
                name="payment_dead_by_deadline",
                fields=["expires_at"],
                condition=Q(status__in=["FAILED", "EXPIRED", "CANCELLED"]),
            ),
            models.Index(
                name="payment_look_due",
                fields=["next_look_at"],
                condition=Q(status__in=[status.value for status in LOOKED_AT], next_look_at__isnull=False),
            ),
            models.Index(name="payment_orphan", fields=["id"], condition=Q(order__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.gateway_id

    @property
    def is_open(self) -> bool:
        """Whether the customer may still pay it."""
        return self.status in OPEN


class PaymentTransaction(models.Model):
    """One attempt of the customer, as GET status last showed it.

    ``received`` and ``charged_back`` are rupiah that came in and that a bank took back; both only grow (a trigger
    refuses less). ``problem`` names why a success is not accepted (wrong amount, wrong currency). ``surplus`` marks a
    further success of an order that is already paid: it changes no stock and is given back.
    """

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="transactions")
    transaction_id = models.CharField("ID transaksi", max_length=64, unique=True)
    status = models.CharField("status", max_length=20, choices=TransactionStatus.choices)
    raw_status = models.CharField("status Midtrans", max_length=40)
    fraud_status = models.CharField(max_length=20, blank=True)
    payment_type = models.CharField("cara bayar", max_length=30, blank=True)
    amount = models.PositiveBigIntegerField("jumlah", help_text="Rupiah, menurut Midtrans")
    currency = models.CharField(max_length=3, default="IDR")
    problem = models.CharField("masalah", max_length=40, blank=True)
    received = models.PositiveBigIntegerField("diterima", default=0, help_text="Rupiah")
    charged_back = models.PositiveBigIntegerField("ditarik bank", default=0, help_text="Rupiah")
    reversed_at = models.DateTimeField("dibatalkan bank", null=True, blank=True)
    surplus = models.BooleanField("kelebihan bayar", default=False)
    asked_at = models.DateTimeField("ditanyakan")
    raw = models.JSONField("jawaban terakhir", default=dict, blank=True)
    created_at = models.DateTimeField("dibuat", auto_now_add=True)

    class Meta:
        verbose_name = "transaksi"
        verbose_name_plural = "transaksi"
        ordering = ["pk"]
        permissions = [("export_paymenttransaction", "Boleh mengekspor transaksi pembayaran")]
        constraints = [
            models.CheckConstraint(name="transaction_status_known", condition=Q(status__in=TransactionStatus.values)),
            models.CheckConstraint(
                name="transaction_charged_back_at_most_received",
                condition=Q(charged_back__lte=F("received")),
            ),
            models.CheckConstraint(
                name="transaction_surplus_has_money",
                condition=Q(surplus=False) | Q(received__gt=0),
            ),
        ]
        indexes = [models.Index(name="transaction_surplus", fields=["payment"], condition=Q(surplus=True))]

    def __str__(self) -> str:
        return self.transaction_id

    @property
    def is_gone(self) -> bool:
        """Whether money that had come is wholly gone: given back, reversed, voided or charged back."""
        ended = self.status in {TransactionStatus.REFUNDED, TransactionStatus.FAILED, TransactionStatus.CANCELLED}
        return self.received > 0 and (ended or self.charged_back >= self.received)
