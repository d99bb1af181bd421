"""The order: who bought what, at which prices, and where it goes.

Everything is kept as it was when it was placed; only ``email`` follows its owner, since mails go there.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q

from orders.states import OrderStatus
from shop.models import Cart, Variant


class Order(models.Model):
    """One purchase. ``status`` is written by ``orders.transitions.transition`` only.

    ``closing_at``/``closing_to``/``closing_by`` say that somebody asked for it to be closed and that the gateway has
    not confirmed yet that nothing can be paid any more; ``cancel_words`` are the customer's own about the last wish to
    cancel, also where money came first, until an erasure. ``payment_hold`` is a reason why money that came in is not
    accepted; while it stands nothing expires, is paid anew or shipped. ``cleared_hold`` is the reason that a person
    last set aside: the same one does not come back by itself.
    """

    number = models.CharField("nomor", max_length=24, unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="orders",
        verbose_name="pelanggan",
    )
    email = models.EmailField("e-mail", max_length=254)
    status = models.CharField(
        "status",
        max_length=16,
        choices=OrderStatus.choices,
        default=OrderStatus.PENDING_PAYMENT,
    )
    idempotency_key = models.CharField(max_length=255)
    request = models.JSONField(default=dict, help_text="Permintaan yang dinormalkan, pembanding untuk pengulangan")
    cart = models.OneToOneField(Cart, on_delete=models.PROTECT, null=True, blank=True, related_name="order")
    link_version = models.PositiveSmallIntegerField(default=1)

    closing_at = models.DateTimeField("diminta tutup", null=True, blank=True)
    closing_to = models.CharField(max_length=16, blank=True)
    closing_by = models.CharField(max_length=80, blank=True)
    closing_reason = models.CharField(max_length=200, blank=True)
    cancel_words = models.CharField("alasan pembatalan pembeli", max_length=200, blank=True, default="", db_default="")
    payment_hold = models.CharField("pembayaran ditahan", max_length=200, blank=True)
    cleared_hold = models.CharField("penahanan yang dilepas", max_length=200, blank=True)

    recipient = models.CharField("penerima", max_length=120)
    phone = models.CharField("telepon", max_length=16)
    province = models.CharField("provinsi", max_length=60)
    city = models.CharField("kota/kabupaten", max_length=80)
    district = models.CharField("kecamatan", max_length=80)
    postal_code = models.CharField("kode pos", max_length=5)
    street = models.TextField("alamat", max_length=300)
    note = models.CharField("catatan", max_length=300, blank=True)

    shipping_method = models.CharField("layanan kirim", max_length=40)
    courier = models.CharField("kurir", max_length=60)
    subtotal = models.PositiveBigIntegerField("subtotal", help_text="Rupiah")
    shipping_cost = models.PositiveBigIntegerField("ongkir", help_text="Rupiah")
    discount = models.PositiveBigIntegerField("potongan", default=0, help_text="Rupiah")
    total = models.PositiveBigIntegerField("total", help_text="Rupiah")
    voucher_code = models.CharField("kode voucher", max_length=32, blank=True, default="", db_default="")
    voucher_rule = models.CharField("aturan voucher", max_length=200, blank=True, default="", db_default="")

    tax = models.JSONField(
        "PPN",
        null=True,
        blank=True,
        editable=False,
        help_text="Perhitungan PPN saat pesanan dibuat (orders.tax); kosong bila toko bukan PKP",
    )

    created_at = models.DateTimeField("dibuat")
    expires_at = models.DateTimeField("batas bayar")
    status_at = models.DateTimeField("status sejak")
    paid_at = models.DateTimeField("dibayar", null=True, blank=True)

    class Meta:
        verbose_name = "pesanan"
        verbose_name_plural = "pesanan"
        ordering = ["-pk"]
        permissions = [
            ("ship_order", "Boleh menandai pesanan dikirim"),
            ("cancel_order", "Boleh membatalkan pesanan"),
            ("clear_hold", "Boleh melepas penahanan pembayaran"),
            ("export_order", "Boleh mengekspor daftar pesanan"),
            ("resend_mail", "Boleh mengirim ulang e-mail pesanan"),
        ]
        constraints = [
            models.UniqueConstraint(name="order_once_per_user_and_key", fields=["user", "idempotency_key"]),
            models.CheckConstraint(name="order_key_given", condition=~Q(idempotency_key="")),
            models.CheckConstraint(name="order_status_known", condition=Q(status__in=OrderStatus.values)),
            models.CheckConstraint(name="order_total_positive", condition=Q(total__gt=0)),
            models.CheckConstraint(
                name="order_total_is_the_sum",
                condition=Q(total=F("subtotal") + F("shipping_cost") - F("discount")),
            ),
            models.CheckConstraint(
                name="order_discount_has_voucher",
                condition=Q(discount=0, voucher_code="") | (Q(discount__gt=0) & ~Q(voucher_code="")),
            ),
            models.CheckConstraint(
                name="order_paid_has_paid_at",
                condition=Q(
                    status__in=[
                        OrderStatus.PENDING_PAYMENT,
                        OrderStatus.EXPIRED,
                        OrderStatus.CANCELLED,
                    ],
                )
                | Q(paid_at__isnull=False),
            ),
            models.CheckConstraint(name="order_expires_after_creation", condition=Q(expires_at__gt=F("created_at"))),
            models.CheckConstraint(
                name="order_closing_is_whole",
                condition=Q(closing_at__isnull=True, closing_to="", closing_by="")
                | (
                    Q(closing_at__isnull=False, closing_to__in=[OrderStatus.EXPIRED, OrderStatus.CANCELLED])
                    & ~Q(closing_by="")
                ),
            ),
            models.CheckConstraint(
                name="order_closing_only_while_unpaid",
                condition=Q(closing_at__isnull=True) | Q(status=OrderStatus.PENDING_PAYMENT),
            ),
        ]
        indexes = [
            models.Index(
                name="order_unpaid_by_deadline",
                fields=["expires_at"],
                condition=Q(status=OrderStatus.PENDING_PAYMENT),
            ),
            models.Index(
                name="order_open_by_status",
                fields=["status", "status_at"],
                condition=~Q(status__in=["COMPLETED", "EXPIRED", "CANCELLED", "REFUNDED"]),
            ),
            models.Index(
                name="order_closed_by_time",
                fields=["status_at"],
                condition=Q(status__in=["EXPIRED", "CANCELLED"]),
            ),
            models.Index(name="order_by_user", fields=["user", "-id"]),
            models.Index(
                name="order_unpaid_by_email",
                fields=["email"],
                condition=Q(status=OrderStatus.PENDING_PAYMENT),
            ),
            models.Index(
                name="order_unpaid_by_phone",
                fields=["phone"],
                condition=Q(status=OrderStatus.PENDING_PAYMENT),
            ),
            # Reports by day. Rows lie on disk in the order of these times, so a few kilobytes of ranges are enough.
            BrinIndex(name="order_by_day_placed", fields=["created_at"], autosummarize=True, pages_per_range=16),
            BrinIndex(name="order_by_day_paid", fields=["paid_at"], autosummarize=True, pages_per_range=16),
            models.Index(name="order_on_hold", fields=["id"], condition=~Q(payment_hold="")),
            models.Index(name="order_closing", fields=["closing_at"], condition=Q(closing_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_closing(self) -> bool:
        """Whether somebody asked for it to be closed and the gateway has not confirmed yet."""
        return self.closing_at is not None


class OrderItem(models.Model):
    """One line, as it was when the order was placed."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="items")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+", verbose_name="varian")
    name = models.CharField("barang", max_length=120)
    variant_name = models.CharField("pilihan", max_length=80, blank=True)
    sku = models.CharField("SKU", max_length=40)
    unit_price = models.PositiveBigIntegerField("harga satuan", help_text="Rupiah")
    quantity = models.PositiveIntegerField("jumlah")
    weight = models.PositiveIntegerField("berat satuan", help_text="Gram")

    class Meta:
        verbose_name = "isi pesanan"
        verbose_name_plural = "isi pesanan"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(name="order_item_quantity_positive", condition=Q(quantity__gt=0)),
            models.CheckConstraint(name="order_item_price_positive", condition=Q(unit_price__gt=0)),
            models.UniqueConstraint(name="order_item_one_line_per_variant", fields=["order", "variant"]),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"

    @property
    def line_total(self) -> int:
        """Rupiah for all units of the line."""
        return self.unit_price * self.quantity
