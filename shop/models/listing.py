"""What lists and search read, and addresses that pages once had. Only triggers write them (migration 0005)."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.indexes import Index

from shop.models.catalogue import Category, Product

_FOR_SALE = Q(lowest_price__isnull=False)


class TsVector(models.Field[str, str]):
    """PostgreSQL's ``tsvector``. (``django.contrib.postgres`` would look up types on every new connection.)"""

    def db_type(self, connection: Any) -> str:
        return "tsvector"


class GinIndex(Index):
    """An index of what is inside a value."""

    suffix = "gin"

    def create_sql(self, model: Any, schema_editor: Any, using: str = "", **kwargs: Any) -> Any:
        return super().create_sql(model, schema_editor, using=" USING gin", **kwargs)


class Listing(models.Model):
    """What lists and the search read of one product: where it stands, what it costs at least, its words.

    ``lowest_price`` is NULL while it is not for sale (switched off, or without a variant on sale). The words have
    weights: A the name, B shelf, variants and SKUs, C the short line, D text and details.

    A table of its own, so that a list of ten thousand products costs what a list of fifty does, and so that reading or
    locking a product never touches it. Stock is not in it: sales would meet here. Prices that people see are read from
    the variants.
    """

    product = models.OneToOneField(
        Product,
        # The database cascades by itself: a trigger may renew the row while its product is being deleted.
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        primary_key=True,
        related_name="+",
        verbose_name="produk",
    )
    category_id = models.BigIntegerField("kategori")
    created_at = models.DateTimeField("dibuat")
    lowest_price = models.BigIntegerField("harga terendah", null=True)
    highest_price = models.BigIntegerField("harga tertinggi", null=True)
    words = TsVector("kata")

    class Meta:
        verbose_name = "daftar produk"
        verbose_name_plural = "daftar produk"
        default_permissions = ()
        indexes = [
            models.Index(name="listing_newest", fields=["-created_at", "-product"], condition=_FOR_SALE),
            models.Index(
                name="listing_newest_of_shelf",
                fields=["category_id", "-created_at", "-product"],
                condition=_FOR_SALE,
            ),
            models.Index(name="listing_by_price", fields=["lowest_price", "product"], condition=_FOR_SALE),
            models.Index(
                name="listing_by_price_of_shelf",
                fields=["category_id", "lowest_price", "product"],
                condition=_FOR_SALE,
            ),
            GinIndex(name="listing_words", fields=["words"]),
        ]

    def __str__(self) -> str:
        return f"daftar produk {self.pk}"


class FormerProductSlug(models.Model):
    """An address that a product had; it leads to the product for ever, unless another page takes it over."""

    slug = models.SlugField("alamat lama", max_length=120, unique=True)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="former_slugs", verbose_name="produk")
    created_at = models.DateTimeField("sampai", auto_now_add=True)

    class Meta:
        verbose_name = "alamat lama produk"
        verbose_name_plural = "alamat lama produk"
        default_permissions = ()
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.slug


class FormerCategorySlug(models.Model):
    """An address that a category had."""

    slug = models.SlugField("alamat lama", max_length=80, unique=True)
    category = models.ForeignKey(
        Category,
        on_delete=models.CASCADE,
        related_name="former_slugs",
        verbose_name="kategori",
    )
    created_at = models.DateTimeField("sampai", auto_now_add=True)

    class Meta:
        verbose_name = "alamat lama kategori"
        verbose_name_plural = "alamat lama kategori"
        default_permissions = ()
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.slug
