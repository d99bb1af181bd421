"""Promises of stock (Reservation) and the ledger of what really moved (StockMovement)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from shop.models.catalogue import Variant


class ReservationState(models.TextChoices):
    HELD = "HELD", "Dipesan"
    SHORT = "SHORT", "Kurang stok"
    SOLD = "SOLD", "Terjual"
    RELEASED = "RELEASED", "Dilepas"


LIVE_RESERVATION_STATES = (ReservationState.HELD, ReservationState.SHORT)


class Reservation(models.Model):
    """Units of one variant promised to one reference (an order number).

    HELD -> SOLD | RELEASED | SHORT, SHORT -> SOLD | RELEASED. SHORT = paid for, but not covered by what is on hand.
    ``Variant.reserved`` is the sum of the live (HELD and SHORT) ones.
    """

    reference = models.CharField("acuan", max_length=40)
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="reservations", verbose_name="varian")
    quantity = models.PositiveIntegerField("jumlah")
    state = models.CharField(
        "keadaan",
        max_length=8,
        choices=ReservationState.choices,
        default=ReservationState.HELD,
    )
    attempts = models.PositiveSmallIntegerField("percobaan", default=0)
    next_attempt_at = models.DateTimeField("percobaan berikut", null=True, blank=True)
    created_at = models.DateTimeField("dibuat", auto_now_add=True)
    changed_at = models.DateTimeField("diubah", auto_now=True)

    class Meta:
        verbose_name = "pemesanan stok"
        verbose_name_plural = "pemesanan stok"
        constraints = [
            models.CheckConstraint(name="reservation_quantity_positive", condition=Q(quantity__gt=0)),
            models.CheckConstraint(
                name="reservation_state_known",
                condition=Q(state__in=ReservationState.values),
            ),
            models.CheckConstraint(name="reservation_reference_given", condition=~Q(reference="")),
            models.UniqueConstraint(
                name="reservation_one_live_per_reference_and_variant",
                fields=["reference", "variant"],
                condition=Q(state__in=[state.value for state in LIVE_RESERVATION_STATES]),
            ),
        ]
        indexes = [
            models.Index(
                name="reservation_live_by_variant",
                fields=["variant", "id"],
                condition=Q(state__in=[state.value for state in LIVE_RESERVATION_STATES]),
            ),
            models.Index(name="reservation_short", fields=["created_at"], condition=Q(state=ReservationState.SHORT)),
            models.Index(name="reservation_by_reference", fields=["reference"]),
        ]

    def __str__(self) -> str:
        return f"{self.reference}: {self.quantity} × {self.variant_id} ({self.state})"


class MovementKind(models.TextChoices):
    RECEIVE = "RECEIVE", "Barang masuk"
    SALE = "SALE", "Terjual"
    RETURN = "RETURN", "Kembali"
    ADJUST = "ADJUST", "Penyesuaian"


class StockMovement(models.Model):
    """Append-only ledger of ``on_hand``: written with the change, never edited (a trigger refuses it)."""

    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="movements", verbose_name="varian")
    kind = models.CharField("jenis", max_length=8, choices=MovementKind.choices)
    delta = models.BigIntegerField("perubahan")
    balance = models.BigIntegerField("saldo", help_text="Isi gudang sesudahnya")
    reason = models.CharField("alasan", max_length=200, blank=True)
    actor = models.CharField("oleh", max_length=80)
    reservation = models.ForeignKey(
        Reservation,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="movements",
        verbose_name="pemesanan stok",
    )
    return_reference = models.CharField("acuan retur", max_length=60, null=True, blank=True)  # noqa: DJ001 - unique
    created_at = models.DateTimeField("waktu", auto_now_add=True)

    class Meta:
        verbose_name = "mutasi stok"
        verbose_name_plural = "mutasi stok"
        ordering = ["-pk"]
        permissions = [("export_stockmovement", "Boleh mengekspor mutasi stok")]
        constraints = [
            models.CheckConstraint(name="movement_balance_not_negative", condition=Q(balance__gte=0)),
            models.CheckConstraint(name="movement_actor_given", condition=~Q(actor="")),
            models.CheckConstraint(
                name="movement_kind_and_sign",
                condition=Q(kind__in=[MovementKind.RECEIVE, MovementKind.RETURN], delta__gt=0)
                | Q(kind=MovementKind.SALE, delta__lt=0)
                | (Q(kind=MovementKind.ADJUST) & ~Q(delta=0)),
            ),
            models.CheckConstraint(
                name="movement_sale_has_reservation",
                condition=~Q(kind=MovementKind.SALE) | Q(reservation__isnull=False),
            ),
            models.CheckConstraint(
                name="movement_adjust_has_reason",
                condition=~Q(kind=MovementKind.ADJUST) | ~Q(reason=""),
            ),
            models.UniqueConstraint(
                name="movement_once_per_reservation_and_kind",
                fields=["reservation", "kind"],
                condition=Q(reservation__isnull=False),
            ),
            models.UniqueConstraint(
                name="movement_once_per_return_reference",
                fields=["return_reference", "variant"],
                condition=Q(return_reference__isnull=False),
            ),
        ]
        indexes = [models.Index(name="movement_newest", fields=["variant", "-id"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.delta:+d} {self.variant_id}"
