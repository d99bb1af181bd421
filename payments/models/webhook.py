"""Outgoing events for integrators: where they go, and every one that goes there."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from payments.states import DeliveryState, EventType


class WebhookEndpoint(models.Model):
    """An integrator's address. ``secret`` signs every body (Standard Webhooks: ``whsec_`` and base64)."""

    url = models.CharField(
        "alamat",
        max_length=500,
        validators=[URLValidator(["https", "http"])],
        help_text="https; tujuan POST berisi JSON",
    )
    description = models.CharField("keterangan", max_length=120, blank=True, help_text="Misalnya “ERP gudang”")
    events = ArrayField(
        models.CharField(max_length=24, choices=EventType.choices),
        verbose_name="kejadian",
        help_text="Kejadian yang dikirim ke alamat ini",
    )
    secret = models.CharField("rahasia", max_length=80)
    is_active = models.BooleanField("aktif", default=True)
    created_at = models.DateTimeField("dibuat", db_default=Now())

    class Meta:
        verbose_name = "tujuan webhook"
        verbose_name_plural = "tujuan webhook"
        ordering = ["pk"]
        permissions = [("replay_delivery", "Boleh mengirim ulang webhook")]
        constraints = [
            models.UniqueConstraint(name="webhook_endpoint_url_unique", fields=["url"]),
            models.CheckConstraint(name="webhook_endpoint_wants_something", condition=Q(events__len__gt=0)),
            models.CheckConstraint(name="webhook_endpoint_has_secret", condition=~Q(secret="")),
        ]

    def __str__(self) -> str:
        return self.description or self.url


class WebhookDelivery(models.Model):
    """One event on its way to one endpoint. The body is frozen; only ``payments.outgoing`` writes here.

    PENDING -> SENDING -> SENT, or back to PENDING to try again, or FAILED after the last try; a replay starts anew.
    """

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.PROTECT, related_name="deliveries")
    event_id = models.CharField("ID kejadian", max_length=40)
    type = models.CharField("kejadian", max_length=24, choices=EventType.choices)
    reference = models.CharField("pesanan", max_length=64)
    body = models.TextField("isi")

    state = models.CharField("status", max_length=8, choices=DeliveryState.choices, default=DeliveryState.PENDING)
    attempts = models.PositiveSmallIntegerField("percobaan", default=0)
    next_attempt_at = models.DateTimeField("percobaan berikut", db_default=Now())
    lease = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    last_status = models.PositiveSmallIntegerField("jawaban terakhir", null=True, blank=True)
    last_error = models.CharField("kesalahan terakhir", max_length=200, blank=True)
    created_at = models.DateTimeField("dibuat", db_default=Now())
    sent_at = models.DateTimeField("terkirim", null=True, blank=True)

    class Meta:
        verbose_name = "kiriman webhook"
        verbose_name_plural = "kiriman webhook"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(name="webhook_delivery_once_per_endpoint", fields=["endpoint", "event_id"]),
            models.CheckConstraint(name="webhook_delivery_state_known", condition=Q(state__in=DeliveryState.values)),
            models.CheckConstraint(name="webhook_delivery_type_known", condition=Q(type__in=EventType.values)),
            models.CheckConstraint(
                name="webhook_delivery_sent_has_time",
                condition=Q(state=DeliveryState.SENT, sent_at__isnull=False) | ~Q(state=DeliveryState.SENT),
            ),
        ]
        indexes = [
            models.Index(
                name="webhook_delivery_due",
                fields=["next_attempt_at", "id"],
                condition=Q(state__in=[DeliveryState.PENDING, DeliveryState.SENDING]),
            ),
            models.Index(name="webhook_delivery_failed", fields=["id"], condition=Q(state=DeliveryState.FAILED)),
            models.Index(name="webhook_delivery_reference", fields=["reference"]),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.reference}"
