"""Stock counts (opname): what people found on the shelf, beside what the books said at that very moment."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from shop.models.catalogue import Variant


class CountState(models.TextChoices):
    OPEN = "OPEN", "Sedang dihitung"
    APPLIED = "APPLIED", "Diterapkan"
    CANCELLED = "CANCELLED", "Dibatalkan"


class StockCount(models.Model):
    """One round of counting. Written by ``shop.services.counts`` only; once applied or cancelled it stays as it is."""

    title = models.CharField("nama", max_length=80, help_text="Misalnya “Rak depan, November”.")
    state = models.CharField("keadaan", max_length=9, choices=CountState.choices, default=CountState.OPEN)
    opened_at = models.DateTimeField("dibuka", auto_now_add=True)
    opened_by = models.CharField("dibuka oleh", max_length=80)
    closed_at = models.DateTimeField("ditutup", null=True, blank=True)
    closed_by = models.CharField("ditutup oleh", max_length=80, blank=True)
    reason = models.CharField("alasan batal", max_length=200, blank=True)

    class Meta:
        verbose_name = "opname stok"
        verbose_name_plural = "opname stok"
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="stock_count_state_known", condition=Q(state__in=CountState.values)),
            models.CheckConstraint(name="stock_count_opener_given", condition=~Q(opened_by="")),
            models.CheckConstraint(
                name="stock_count_closed_by_somebody",
                condition=Q(state=CountState.OPEN, closed_at__isnull=True, closed_by="")
                | (~Q(state=CountState.OPEN) & Q(closed_at__isnull=False) & ~Q(closed_by="")),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class StockCountLine(models.Model):
    """How many units of a variant somebody found, and what the books said then.

    The difference of the two is what is wrong with the books; what was sold or received since does not touch it.
    ``correction_then`` is the newest correction of the variant then: a later one has mended the books already.
    """

    count = models.ForeignKey(StockCount, on_delete=models.CASCADE, related_name="lines", verbose_name="opname")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="count_lines", verbose_name="varian")
    counted = models.PositiveIntegerField("hitungan")
    on_hand_then = models.BigIntegerField("di buku saat dihitung")
    correction_then = models.BigIntegerField("koreksi terakhir saat dihitung", default=0)
    counted_at = models.DateTimeField("dihitung")
    counted_by = models.CharField("oleh", max_length=80)

    class Meta:
        verbose_name = "hitungan"
        verbose_name_plural = "hitungan"
        ordering = ["-counted_at", "-pk"]
        constraints = [
            models.UniqueConstraint(name="stock_count_line_once_per_variant", fields=["count", "variant"]),
            models.CheckConstraint(name="stock_count_line_books_not_negative", condition=Q(on_hand_then__gte=0)),
            models.CheckConstraint(name="stock_count_line_counter_given", condition=~Q(counted_by="")),
        ]

    def __str__(self) -> str:
        return f"{self.variant_id}: {self.counted}"

    @property
    def difference(self) -> int:
        """Units that the books have too few (above zero) or too many (below)."""
        return self.counted - self.on_hand_then
