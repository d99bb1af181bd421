"""Whether the shop takes orders and payments just now."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class SiteState(models.Model):
    """The one row that opens and closes the shop.

    ``sweep_since`` is set while the gateway has not been asked about the payments made after a restored backup;
    until that sweep is done nothing may be sold, cancelled or given back.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    is_open = models.BooleanField("terbuka", default=True)
    reason = models.CharField("alasan", max_length=200, blank=True)
    sweep_since = models.DateTimeField("sapu sejak", null=True, blank=True)
    changed_at = models.DateTimeField("diubah", auto_now=True)

    class Meta:
        verbose_name = "keadaan toko"
        verbose_name_plural = "keadaan toko"
        constraints = [models.CheckConstraint(name="site_state_single_row", condition=Q(id=1))]

    def __str__(self) -> str:
        return "terbuka" if self.takes_orders else "tutup"

    @property
    def takes_orders(self) -> bool:
        """Whether checkout and payment may go on."""
        return self.is_open and self.sweep_since is None
