"""The outbox: every mail of the shop, rendered once and kept as it was written."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class MailState(models.TextChoices):
    """PENDING -> SENDING -> SENT, or back to PENDING to try again, or FAILED for good."""

    PENDING = "PENDING", "Menunggu"
    SENDING = "SENDING", "Sedang dikirim"
    SENT = "SENT", "Terkirim"
    FAILED = "FAILED", "Gagal"


class OutgoingMail(models.Model):
    """One mail. Everything that goes over the wire is frozen here, so that each attempt sends the same bytes.

    Written by ``config.outbox`` only. ``attempts`` counts the attempts begun, so that a mail which kills its
    sender gives up as well. All times are the database's.
    """

    kind = models.CharField("jenis", max_length=64, help_text="Misalnya order_paid")
    reference = models.CharField("rujukan", max_length=64, blank=True, help_text="Misalnya nomor pesanan")
    from_email = models.CharField("dari", max_length=320)
    to = models.CharField("kepada", max_length=320)
    reply_to = models.CharField("balas ke", max_length=320, blank=True)
    subject = models.CharField("perihal", max_length=200)
    text = models.TextField("teks")
    html = models.TextField("HTML", blank=True)
    idempotency_key = models.CharField("kunci", max_length=256)

    state = models.CharField("status", max_length=8, choices=MailState.choices, default=MailState.PENDING)
    attempts = models.PositiveSmallIntegerField("percobaan", default=0)
    next_attempt_at = models.DateTimeField("percobaan berikutnya", db_default=Now())
    first_attempt_at = models.DateTimeField("percobaan pertama", null=True, blank=True)
    lease = models.UUIDField(null=True, blank=True, help_text="Pengirim yang sedang memegangnya")
    lease_until = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField("kesalahan terakhir", max_length=300, blank=True)
    provider_id = models.CharField("id di Resend", max_length=200, blank=True)
    created_at = models.DateTimeField("dibuat", db_default=Now())
    sent_at = models.DateTimeField("terkirim pada", null=True, blank=True)

    class Meta:
        verbose_name = "mail keluar"
        verbose_name_plural = "mail keluar"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(name="config_mail_key_unique", fields=["idempotency_key"]),
            models.CheckConstraint(name="config_mail_key_given", condition=~Q(idempotency_key="")),
            models.CheckConstraint(name="config_mail_state_known", condition=Q(state__in=MailState.values)),
            models.CheckConstraint(
                name="config_mail_sent_has_sent_at",
                condition=Q(state=MailState.SENT, sent_at__isnull=False)
                | (~Q(state=MailState.SENT) & Q(sent_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="config_mail_sending_has_lease",
                condition=Q(state=MailState.SENDING, lease__isnull=False, lease_until__isnull=False)
                | (~Q(state=MailState.SENDING) & Q(lease__isnull=True, lease_until__isnull=True)),
            ),
            models.CheckConstraint(name="config_mail_subject_one_line", condition=~Q(subject__regex=r"[\r\n]")),
            models.CheckConstraint(name="config_mail_to_one_line", condition=~Q(to__regex=r"[\r\n]")),
        ]
        indexes = [
            models.Index(
                name="config_mail_due",
                fields=["next_attempt_at", "id"],
                condition=Q(state__in=[MailState.PENDING, MailState.SENDING]),
            ),
            models.Index(name="config_mail_alerts", fields=["created_at"], condition=Q(kind="alert")),
            models.Index(name="config_mail_failed", fields=["id"], condition=Q(state=MailState.FAILED)),
            models.Index(name="config_mail_reference", fields=["reference"], condition=~Q(reference="")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.reference or self.pk}"
