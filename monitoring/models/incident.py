"""Incidents: something is wrong with one subject, from the first time it was seen until it is right again."""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models import Q

_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"


class Severity(models.TextChoices):
    """How fast somebody has to look. Their order is that of ``RANK``."""

    HIGH = "HIGH", "Tinggi"
    CRITICAL = "CRITICAL", "Kritis"


class IncidentState(models.TextChoices):
    """OPEN -> ACKNOWLEDGED -> RESOLVED; a cause that comes back soon after opens the same incident again."""

    OPEN = "OPEN", "Terbuka"
    ACKNOWLEDGED = "ACKNOWLEDGED", "Ditangani"
    RESOLVED = "RESOLVED", "Selesai"


class IncidentEventKind(models.TextChoices):
    OPENED = "OPENED", "Dibuka"
    REOPENED = "REOPENED", "Muncul lagi"
    NOTIFIED = "NOTIFIED", "Diberitahukan"
    ACKNOWLEDGED = "ACKNOWLEDGED", "Ditangani"
    SNOOZED = "SNOOZED", "Ditunda"
    MUTED = "MUTED", "Diredam"
    HEALED = "HEALED", "Pulih sendiri"
    RESOLVED = "RESOLVED", "Selesai"


def new_code() -> str:
    """Return a code that people can say on the telephone; random, so that a restored database reissues none."""
    return "INC-" + "".join(secrets.choice(_LETTERS) for _ in range(8))


class Incident(models.Model):
    """One thing that is wrong: what a monitor found about one subject. ``monitoring.incidents`` is the only writer.

    ``fingerprint`` names monitor and subject, never amounts or times, so that the next run knows the incident again;
    it is unique while the incident lives. ``clean_runs`` counts the good runs in a row that looked at this very
    subject and found nothing. ``notices`` numbers the mails about it, and their keys. ``muted_by`` names the incident
    that this one follows from: no mail while that lives. ``healed`` says what the shop did about it by itself.
    """

    code = models.CharField("kode", max_length=16, unique=True, default=new_code)
    monitor = models.CharField("pemantau", max_length=40)
    subject_key = models.CharField(max_length=120, help_text="Dengan ini pemantau mengenali hal yang sama lagi")
    subject = models.CharField("perihal", max_length=200)
    fingerprint = models.CharField(max_length=64)
    severity = models.CharField("tingkat", max_length=8, choices=Severity.choices)
    state = models.CharField("keadaan", max_length=12, choices=IncidentState.choices, default=IncidentState.OPEN)
    evidence = models.JSONField("bukti", default=dict, help_text="Uraian dan rincian seperti terakhir terlihat")
    first_seen_at = models.DateTimeField("pertama terlihat")
    last_seen_at = models.DateTimeField("terakhir terlihat")
    seen_count = models.PositiveIntegerField("kali terlihat", default=1)
    clean_runs = models.PositiveSmallIntegerField("pemeriksaan bersih", default=0)
    reopened_count = models.PositiveIntegerField("muncul lagi", default=0)
    reopened_at = models.DateTimeField(null=True, blank=True)
    notices = models.PositiveIntegerField("pemberitahuan", default=0)
    last_notified_at = models.DateTimeField("terakhir diberitahukan", null=True, blank=True)
    escalation_level = models.PositiveSmallIntegerField("eskalasi", default=0)
    acknowledged_at = models.DateTimeField("ditangani sejak", null=True, blank=True)
    acknowledged_by = models.CharField("ditangani oleh", max_length=80, blank=True)
    snoozed_until = models.DateTimeField("ditunda sampai", null=True, blank=True)
    resolved_at = models.DateTimeField("selesai pada", null=True, blank=True)
    resolved_how = models.CharField("cara selesai", max_length=200, blank=True)
    muted_by = models.CharField("diredam oleh", max_length=60, blank=True)
    healed = models.CharField("pulih sendiri", max_length=200, blank=True)
    heal_attempts = models.PositiveSmallIntegerField("percobaan pulih", default=0)
    heal_after = models.DateTimeField("percobaan pulih berikut", null=True, blank=True)
    resolved_told = models.BooleanField(default=False, help_text="Kabar selesainya sudah ditulis")

    class Meta:
        verbose_name = "insiden"
        verbose_name_plural = "insiden"
        ordering = ["-pk"]
        permissions = [("handle_incident", "Boleh menangani insiden")]
        constraints = [
            models.UniqueConstraint(
                name="incident_one_live_per_fingerprint",
                fields=["fingerprint"],
                condition=~Q(state="RESOLVED"),
            ),
            models.CheckConstraint(name="incident_state_known", condition=Q(state__in=IncidentState.values)),
            models.CheckConstraint(name="incident_severity_known", condition=Q(severity__in=Severity.values)),
            models.CheckConstraint(
                name="incident_resolved_says_when_and_how",
                condition=Q(state="RESOLVED", resolved_at__isnull=False) & ~Q(resolved_how="")
                | ~Q(state="RESOLVED") & Q(resolved_at__isnull=True, resolved_how=""),
            ),
            models.CheckConstraint(
                name="incident_acknowledged_says_who",
                condition=~Q(state="ACKNOWLEDGED") | Q(acknowledged_at__isnull=False) & ~Q(acknowledged_by=""),
            ),
        ]
        indexes = [
            models.Index(name="incident_live", fields=["monitor", "id"], condition=~Q(state="RESOLVED")),
            models.Index(name="incident_by_fingerprint", fields=["fingerprint", "-resolved_at"]),
            models.Index(
                name="incident_resolved_untold", fields=["id"], condition=Q(state="RESOLVED", resolved_told=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.monitor}: {self.subject}"


class IncidentEvent(models.Model):
    """What happened to an incident and who did it; written with the change, never edited."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField("kejadian", max_length=12, choices=IncidentEventKind.choices)
    actor = models.CharField("oleh", max_length=80)
    note = models.CharField("catatan", max_length=200, blank=True)
    created_at = models.DateTimeField("waktu")

    class Meta:
        verbose_name = "riwayat insiden"
        verbose_name_plural = "riwayat insiden"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(name="incident_event_kind_known", condition=Q(kind__in=IncidentEventKind.values)),
            models.CheckConstraint(name="incident_event_actor_given", condition=~Q(actor="")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.actor}"
