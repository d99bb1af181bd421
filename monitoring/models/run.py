"""What each monitor found each time it looked."""

from __future__ import annotations

from django.db import models


class MonitorRun(models.Model):
    """One look of one monitor. ``error`` empty: a good run; only good runs resolve incidents.

    ``facts`` is what the monitor wants shown or remembered beside its findings (the age of the last backup, say).
    """

    monitor = models.CharField("pemantau", max_length=40)
    run_id = models.CharField("pemeriksaan", max_length=16)
    started_at = models.DateTimeField("mulai")
    duration_ms = models.PositiveIntegerField("lama (milidetik)")
    findings = models.PositiveIntegerField("temuan", default=0)
    error = models.CharField("kesalahan", max_length=300, blank=True)
    facts = models.JSONField("fakta", default=dict, blank=True)

    class Meta:
        verbose_name = "pemeriksaan"
        verbose_name_plural = "pemeriksaan"
        ordering = ["-pk"]
        indexes = [models.Index(name="monitor_run_newest", fields=["monitor", "-id"])]

    def __str__(self) -> str:
        return f"{self.monitor} {self.started_at:%Y-%m-%d %H:%M}"
