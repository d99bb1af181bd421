"""How things travel: services, zones and rates that staff edit, and the parcels that left."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from orders.models.order import Order


class ShippingZone(models.Model):
    """Provinces that cost the same."""

    name = models.CharField("nama", max_length=60, unique=True)

    class Meta:
        verbose_name = "zona kirim"
        verbose_name_plural = "zona kirim"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ProvinceZone(models.Model):
    """The zone of one province; a province without a row cannot be delivered to."""

    province = models.CharField("provinsi", max_length=60, unique=True)
    zone = models.ForeignKey(ShippingZone, on_delete=models.CASCADE, related_name="provinces")

    class Meta:
        verbose_name = "provinsi"
        verbose_name_plural = "provinsi"
        ordering = ["province"]

    def __str__(self) -> str:
        return self.province


class ShippingMethod(models.Model):
    """A service of a courier, such as JNE REG."""

    code = models.SlugField("kode", max_length=40, unique=True)
    courier = models.CharField("kurir", max_length=30)
    service = models.CharField("layanan", max_length=30)
    is_active = models.BooleanField("dipakai", default=True)
    position = models.PositiveSmallIntegerField("urutan", default=0)

    class Meta:
        verbose_name = "layanan kirim"
        verbose_name_plural = "layanan kirim"
        ordering = ["position", "code"]

    def __str__(self) -> str:
        return f"{self.courier} {self.service}"


class ShippingRate(models.Model):
    """What a service costs into a zone: the first kilogram and each further one, up to a weight."""

    method = models.ForeignKey(ShippingMethod, on_delete=models.CASCADE, related_name="rates", verbose_name="layanan")
    zone = models.ForeignKey(ShippingZone, on_delete=models.CASCADE, related_name="rates", verbose_name="zona")
    first_kg = models.PositiveIntegerField("kilogram pertama", help_text="Rupiah")
    next_kg = models.PositiveIntegerField("kilogram berikutnya", help_text="Rupiah")
    max_weight = models.PositiveIntegerField("berat paling banyak", default=30_000, help_text="Gram")
    min_days = models.PositiveSmallIntegerField("tercepat", default=2, help_text="Hari")
    max_days = models.PositiveSmallIntegerField("terlama", default=5, help_text="Hari")

    class Meta:
        verbose_name = "tarif kirim"
        verbose_name_plural = "tarif kirim"
        ordering = ["method", "zone"]
        constraints = [
            models.UniqueConstraint(name="shipping_rate_one_per_method_and_zone", fields=["method", "zone"]),
            models.CheckConstraint(
                name="shipping_rate_days_in_order",
                condition=Q(min_days__lte=models.F("max_days")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} → {self.zone}"


class Shipment(models.Model):
    """A parcel that left."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="shipments")
    courier = models.CharField("kurir", max_length=30)
    tracking_number = models.CharField("resi", max_length=40)
    shipped_at = models.DateTimeField("dikirim", auto_now_add=True)
    shipped_by = models.CharField("oleh", max_length=80)

    class Meta:
        verbose_name = "kiriman"
        verbose_name_plural = "kiriman"
        constraints = [
            models.UniqueConstraint(name="shipment_resi_once_per_courier", fields=["courier", "tracking_number"]),
            models.CheckConstraint(name="shipment_resi_given", condition=~Q(tracking_number="")),
        ]

    def __str__(self) -> str:
        return f"{self.courier} {self.tracking_number}"
