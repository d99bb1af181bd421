"""What stands in for a lost phone. The phone itself is a ``TOTPDevice`` of django-otp, one for each member of staff."""

from __future__ import annotations

from django.db import models

from shop.models.account import User


class RecoveryCode(models.Model):
    """A code that opens the second step once. Only a keyed hash is kept: a dump without SECRET_KEY opens nothing."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "kode pemulihan"
        verbose_name_plural = "kode pemulihan"
        constraints = [models.UniqueConstraint(name="recovery_code_once_per_user", fields=["user", "digest"])]

    def __str__(self) -> str:
        return f"kode pemulihan {self.pk}"
