"""What is for sale. What is sold is always a Variant; a product without options has exactly one."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse


class Category(models.Model):
    name = models.CharField("nama", max_length=80)
    slug = models.SlugField(max_length=80, unique=True)
    description = models.TextField("keterangan", blank=True)
    position = models.PositiveSmallIntegerField("urutan", default=0)

    class Meta:
        verbose_name = "kategori"
        verbose_name_plural = "kategori"
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("shop:category", args=[self.slug])


class Product(models.Model):
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="products", verbose_name="kategori")
    name = models.CharField("nama", max_length=120)
    slug = models.SlugField(max_length=120, unique=True)
    tagline = models.CharField("kalimat singkat", max_length=160, blank=True)
    description = models.TextField("keterangan", blank=True)
    details = models.JSONField("rincian", default=list, blank=True, help_text='[["Bahan", "Katun"], …]')
    is_active = models.BooleanField("dijual", default=True)
    created_at = models.DateTimeField("dibuat", auto_now_add=True)
    updated_at = models.DateTimeField("diubah", auto_now=True)

    class Meta:
        verbose_name = "produk"
        verbose_name_plural = "produk"
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(name="product_newest", fields=["-created_at", "-id"], condition=Q(is_active=True)),
            models.Index(name="product_by_category", fields=["category", "-created_at", "-id"]),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("shop:product", args=[self.slug])


class ProductImage(models.Model):
    """One picture, 4:5, in two widths; the first by position is the one on the card."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="images")
    large = models.ImageField("640 px", upload_to="products/", max_length=200)
    small = models.ImageField("320 px", upload_to="products/", max_length=200)
    alt = models.CharField("teks pengganti", max_length=200)
    position = models.PositiveSmallIntegerField("urutan", default=0)

    class Meta:
        verbose_name = "gambar"
        verbose_name_plural = "gambar"
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.alt


class Variant(models.Model):
    """What is bought: one SKU with its price and its stock.

    ``on_hand`` and ``reserved`` are written by ``shop.services.stock`` only. ``available`` may fall below zero when
    staff count less than is reserved; that is recorded, and a monitor reports it.
    """

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="variants", verbose_name="produk")
    sku = models.CharField("SKU", max_length=40, unique=True)
    name = models.CharField("pilihan", max_length=80, blank=True, help_text="Kosong bila produk tanpa pilihan")
    options = models.JSONField("opsi", default=dict, blank=True, help_text='{"Warna": "Nila", "Ukuran": "M"}')
    swatch = models.CharField("warna titik", max_length=7, blank=True, help_text="#RRGGBB")
    price = models.PositiveBigIntegerField("harga", help_text="Rupiah")
    weight = models.PositiveIntegerField("berat", help_text="Gram")
    on_hand = models.BigIntegerField("belum terjual", default=0)
    reserved = models.BigIntegerField("dipesan", default=0)
    reorder_at = models.PositiveIntegerField(
        "ingatkan pada sisa",
        null=True,
        blank=True,
        help_text="Masuk daftar stok menipis bila yang tersedia tinggal sekian. Kosong: batas umum toko.",
    )
    is_active = models.BooleanField("dijual", default=True)
    position = models.PositiveSmallIntegerField("urutan", default=0)

    class Meta:
        verbose_name = "varian"
        verbose_name_plural = "varian"
        ordering = ["position", "pk"]
        permissions = [("adjust_stock", "Boleh mencatat barang masuk dan menyesuaikan stok")]
        constraints = [
            models.CheckConstraint(name="variant_on_hand_not_negative", condition=Q(on_hand__gte=0)),
            models.CheckConstraint(name="variant_reserved_not_negative", condition=Q(reserved__gte=0)),
            models.CheckConstraint(name="variant_price_positive", condition=Q(price__gt=0)),
            models.CheckConstraint(name="variant_weight_positive", condition=Q(weight__gt=0)),
            models.CheckConstraint(
                name="variant_swatch_is_colour",
                condition=Q(swatch="") | Q(swatch__regex=r"^#[0-9A-Fa-f]{6}$"),
            ),
        ]
        indexes = [
            models.Index(name="variant_over_reserved", fields=["id"], condition=Q(reserved__gt=F("on_hand"))),
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.product.name} {self.name}".rstrip()

    @property
    def available(self) -> int:
        """Units that may still be sold; below zero when less is there than is reserved."""
        return self.on_hand - self.reserved

    @property
    def low_at(self) -> int:
        """What is available when staff should order more: the variant's own limit, or the shop's."""
        return int(settings.LOW_STOCK_UNITS) if self.reorder_at is None else self.reorder_at

    @property
    def runs_low(self) -> bool:
        """Whether staff should order more."""
        return self.available <= self.low_at
