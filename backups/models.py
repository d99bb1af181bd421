"""What staff can see of the backups: a mirror. The manifests beside the files are the truth."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class BackupRun(models.Model):
    """One backup, as its manifest told when somebody last looked; ``backups.mirror`` is the only writer."""

    name = models.CharField("nama", max_length=200, unique=True)
    kind = models.CharField("jenis", max_length=20)
    taken_at = models.DateTimeField("diambil")
    seconds = models.FloatField("lama (detik)")
    size = models.PositiveBigIntegerField("ukuran (byte)")
    sha256 = models.CharField("SHA-256", max_length=64)
    rows = models.PositiveBigIntegerField("jumlah baris")
    verified_level = models.PositiveSmallIntegerField("tingkat pemeriksaan", null=True, blank=True)
    verified_at = models.DateTimeField("diperiksa", null=True, blank=True)
    verified_ok = models.BooleanField("baik", null=True, blank=True)
    drilled_at = models.DateTimeField("uji pemulihan", null=True, blank=True)
    compression = models.CharField("pemampatan", max_length=10, default="gzip")
    is_encrypted = models.BooleanField("terenkripsi", default=False)
    read_before_encrypting = models.BooleanField("dibaca sebelum dienkripsi", default=False)
    offsite_at = models.DateTimeField("disalin ke luar", null=True, blank=True)
    offsite_error = models.CharField("gagal disalin ke luar", max_length=300, blank=True)
    pinned = models.CharField("disematkan karena", max_length=200, blank=True)
    is_missing = models.BooleanField("berkas hilang", default=False)
    removed_at = models.DateTimeField("dihapus", null=True, blank=True)

    class Meta:
        verbose_name = "cadangan"
        verbose_name_plural = "cadangan"
        ordering = ["-taken_at"]
        permissions = [("download_backuprun", "Can download a backup")]
        constraints = [
            models.CheckConstraint(
                name="backup_run_verified_says_how",
                condition=Q(verified_level=None, verified_at=None, verified_ok=None)
                | Q(verified_level__isnull=False, verified_at__isnull=False, verified_ok__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name
