"""How the site was used, as sums that every web process adds to: never a row per request, never a person."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class RouteTraffic(models.Model):
    """The requests of one route in five minutes. ``buckets`` counts them by duration, see ``traffic.BUCKETS_MS``."""

    slot = models.DateTimeField("lima menit sejak")
    route = models.CharField("alamat", max_length=120, help_text="Pola alamat, bukan alamatnya.")
    requests = models.PositiveIntegerField("permintaan")
    errors = models.PositiveIntegerField("gagal", help_text="Jawaban 5xx.")
    total_ms = models.PositiveBigIntegerField("lama seluruhnya (milidetik)")
    buckets = ArrayField(models.PositiveIntegerField(), verbose_name="menurut lama")

    class Meta:
        verbose_name = "lalu lintas"
        verbose_name_plural = "lalu lintas"
        ordering = ["-slot", "route"]
        constraints = [models.UniqueConstraint(fields=["slot", "route"], name="route_traffic_one_row_per_slot")]

    def __str__(self) -> str:
        return f"{self.route} {self.slot:%Y-%m-%d %H:%M}"


class SlowQuery(models.Model):
    """A statement that took long, by its text with placeholders: values are never kept."""

    digest = models.CharField(max_length=64, unique=True)
    sql = models.TextField("perintah SQL")
    route = models.CharField("terakhir dari", max_length=120, blank=True)
    times = models.PositiveIntegerField("kali")
    total_ms = models.PositiveBigIntegerField("lama seluruhnya (milidetik)")
    worst_ms = models.PositiveIntegerField("paling lama (milidetik)")
    last_at = models.DateTimeField("terakhir")

    class Meta:
        verbose_name = "kueri lambat"
        verbose_name_plural = "kueri lambat"
        ordering = ["-total_ms"]

    def __str__(self) -> str:
        return self.sql[:60]
