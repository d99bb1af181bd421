"""Carts: rows for everybody, anonymous visitors too, so that a second device or a restart loses nothing."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q

from shop.models.catalogue import Variant


def new_cart_token() -> str:
    """Return 192 random bits; the token stands in the session only."""
    return secrets.token_urlsafe(24)


class CartStatus(models.TextChoices):
    OPEN = "OPEN", "Terbuka"
    CONVERTED = "CONVERTED", "Jadi pesanan"
    MERGED = "MERGED", "Digabung"


class Cart(models.Model):
    """What somebody means to buy. ``version`` rises with every edit: a form made for an older one is shown again."""

    token = models.CharField(max_length=40, unique=True, default=new_cart_token)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="carts",
    )
    status = models.CharField(max_length=10, choices=CartStatus.choices, default=CartStatus.OPEN)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "keranjang"
        verbose_name_plural = "keranjang"
        constraints = [
            models.CheckConstraint(name="cart_status_known", condition=Q(status__in=CartStatus.values)),
            models.UniqueConstraint(
                name="cart_one_open_per_user",
                fields=["user"],
                condition=Q(status=CartStatus.OPEN, user__isnull=False),
            ),
        ]
        indexes = [models.Index(name="cart_stale", fields=["updated_at"], condition=Q(status=CartStatus.OPEN))]

    def __str__(self) -> str:
        return f"keranjang {self.pk} ({self.status})"


class CartItem(models.Model):
    """One line. ``seen_price`` is the price that the customer last saw, to tell him when it changed."""

    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="items")
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE)
    quantity = models.PositiveSmallIntegerField()
    seen_price = models.PositiveBigIntegerField(help_text="Rupiah")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "isi keranjang"
        verbose_name_plural = "isi keranjang"
        ordering = ["added_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="cart_item_quantity_in_range",
                condition=Q(quantity__gte=1, quantity__lte=99),
            ),
            models.UniqueConstraint(name="cart_item_one_line_per_variant", fields=["cart", "variant"]),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.variant_id}"
