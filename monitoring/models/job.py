"""The cron jobs' heartbeats."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class JobRun(models.Model):
    """One run of one cron job in one minute, on whichever node came first: the heartbeat and the honest result.

    ``ok`` stays NULL while the job runs, and for ever when it was killed. ``monitoring.jobs`` is the only writer.
    """

    job = models.CharField("tugas", max_length=200, help_text="Perintah seperti yang tertulis di jadwal.")
    slot = models.DateTimeField("jadwal", help_text="Menit yang dijadwalkan (UTC, detik nol).")
    node = models.CharField("server", max_length=200)
    started_at = models.DateTimeField("mulai")
    finished_at = models.DateTimeField("selesai", null=True, blank=True)
    ok = models.BooleanField("berhasil", null=True, blank=True)
    exit_code = models.SmallIntegerField("kode keluar", null=True, blank=True)
    duration_ms = models.PositiveIntegerField("lama (milidetik)", null=True, blank=True)
    message = models.TextField("hasil", blank=True, help_text="Baris terakhir, atau kesalahannya.")

    class Meta:
        verbose_name = "riwayat tugas"
        verbose_name_plural = "riwayat tugas"
        ordering = ["-slot", "job"]
        constraints = [
            models.UniqueConstraint(fields=["job", "slot"], name="job_run_once_per_slot"),
            models.CheckConstraint(
                name="job_run_finished_says_how",
                condition=Q(finished_at=None, ok=None, exit_code=None, duration_ms=None)
                | Q(finished_at__isnull=False, ok__isnull=False, exit_code__isnull=False, duration_ms__isnull=False),
            ),
            models.CheckConstraint(
                name="job_run_finishes_after_start",
                condition=Q(finished_at=None) | Q(finished_at__gte=F("started_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job} {self.slot:%Y-%m-%d %H:%M}"
