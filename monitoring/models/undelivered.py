"""Alerts that Resend did not take for good: what was done instead."""

from __future__ import annotations

from django.db import models

from config.models import OutgoingMail


class UndeliveredAlert(models.Model):
    """One alert mail that the outbox gave up on. Without ``smtp_sent_at`` nobody read it, and the admin says so."""

    mail = models.OneToOneField(OutgoingMail, on_delete=models.CASCADE, related_name="undelivered_alert")
    noticed_at = models.DateTimeField("diketahui")
    attempts = models.PositiveSmallIntegerField("percobaan SMTP", default=0)
    smtp_sent_at = models.DateTimeField("terkirim lewat SMTP", null=True, blank=True)
    error = models.CharField("kesalahan", max_length=300, blank=True)

    class Meta:
        verbose_name = "peringatan tak terkirim"
        verbose_name_plural = "peringatan tak terkirim"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.mail.subject
