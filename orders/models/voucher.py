"""Vouchers, and which order used which."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from orders.models.order import Order
from orders.pricing import VoucherKind, VoucherRule

CODE_FORM = r"^[A-Z0-9][A-Z0-9-]{2,31}$"


class Voucher(models.Model):
    """A code that takes something off an order. Codes are stored in capitals and compared so.

    ``used`` counts the uses that stand and are not marked as over the limit. It is written under the row's lock, by
    ``orders.services.vouchers`` only, and the database refuses a count above ``total_limit``.
    """

    code = models.CharField(
        "kode",
        max_length=32,
        unique=True,
        validators=[RegexValidator(CODE_FORM, "Pakai 3 sampai 32 huruf besar, angka, atau tanda hubung.")],
        help_text="Pelanggan boleh mengetiknya dengan huruf kecil.",
        error_messages={"unique": "Kode ini sudah ada."},
    )
    note = models.CharField("catatan", max_length=200, blank=True, help_text="Untuk staf; pelanggan tidak melihatnya.")
    kind = models.CharField("jenis", max_length=8, choices=VoucherKind.choices)
    percent = models.PositiveSmallIntegerField(
        "persen", null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    amount = models.PositiveBigIntegerField("potongan", null=True, blank=True, help_text="Rupiah")
    most = models.PositiveBigIntegerField(
        "potongan paling banyak", null=True, blank=True, help_text="Rupiah; kosong berarti tanpa batas"
    )
    min_subtotal = models.PositiveBigIntegerField("belanja minimal", default=0, help_text="Rupiah, tanpa ongkir")
    starts_at = models.DateTimeField("mulai berlaku", default=timezone.now)
    ends_at = models.DateTimeField("berakhir", null=True, blank=True, help_text="Kosong berarti tanpa batas waktu")
    total_limit = models.PositiveIntegerField(
        "batas pemakaian", null=True, blank=True, help_text="Untuk semua pelanggan bersama; kosong berarti tanpa batas"
    )
    customer_limit = models.PositiveIntegerField(
        "batas per pelanggan",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Dihitung menurut akun, e-mail, dan nomor telepon; kosong berarti tanpa batas",
    )
    is_active = models.BooleanField("aktif", default=True)
    used = models.PositiveIntegerField("terpakai", default=0, editable=False)
    created_at = models.DateTimeField("dibuat", auto_now_add=True)

    class Meta:
        verbose_name = "voucher"
        verbose_name_plural = "voucher"
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="voucher_code_form", condition=Q(code__regex=CODE_FORM)),
            models.CheckConstraint(name="voucher_kind_known", condition=Q(kind__in=VoucherKind.values)),
            models.CheckConstraint(
                name="voucher_has_what_its_kind_needs",
                # NULL in a comparison would pass, so what is needed is asked for by name.
                condition=Q(kind=VoucherKind.PERCENT, percent__isnull=False, amount__isnull=True)
                & Q(percent__gte=1, percent__lte=100)
                | Q(kind=VoucherKind.FIXED, amount__isnull=False, percent__isnull=True, most__isnull=True)
                & Q(amount__gte=1)
                | Q(kind=VoucherKind.SHIPPING, amount__isnull=True, percent__isnull=True),
            ),
            models.CheckConstraint(name="voucher_cap_positive", condition=Q(most__isnull=True) | Q(most__gt=0)),
            models.CheckConstraint(
                name="voucher_ends_after_start", condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at"))
            ),
            models.CheckConstraint(
                name="voucher_used_within_limit", condition=Q(total_limit__isnull=True) | Q(used__lte=F("total_limit"))
            ),
            models.CheckConstraint(
                name="voucher_customer_limit_positive",
                condition=Q(customer_limit__isnull=True) | Q(customer_limit__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def rule(self) -> VoucherRule:
        """What it gives, as prices are reckoned with."""
        return VoucherRule(
            code=self.code,
            kind=VoucherKind(self.kind),
            percent=self.percent or 0,
            amount=self.amount or 0,
            most=self.most,
            min_subtotal=self.min_subtotal,
        )

    @property
    def is_used_up(self) -> bool:
        """Whether nothing of it is left for anybody."""
        return self.total_limit is not None and self.used >= self.total_limit


class VoucherUse(models.Model):
    """One order that was placed with a voucher. Rows are never deleted; a use may be given back.

    ``email_key`` and ``phone_key`` are keyed digests: they tell one customer from another and hold nothing that
    could be read. ``over_limit``: late money revived an order whose use had gone to somebody else meanwhile, and the
    price that was promised is kept; such a use is not counted in ``Voucher.used``.
    """

    voucher = models.ForeignKey(Voucher, on_delete=models.PROTECT, related_name="uses", verbose_name="voucher")
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="voucher_use", verbose_name="pesanan")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="pelanggan"
    )
    email_key = models.CharField(max_length=64)
    phone_key = models.CharField(max_length=64)
    amount = models.PositiveBigIntegerField("potongan", help_text="Rupiah")
    used_at = models.DateTimeField("dipakai")
    given_back_at = models.DateTimeField("dikembalikan", null=True, blank=True)
    over_limit = models.BooleanField("melebihi batas", default=False)

    class Meta:
        verbose_name = "pemakaian voucher"
        verbose_name_plural = "pemakaian voucher"
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="voucher_use_takes_something_off", condition=Q(amount__gt=0)),
        ]
        indexes = [
            models.Index(name="voucher_use_by_user", fields=["voucher", "user"], condition=Q(given_back_at=None)),
            models.Index(name="voucher_use_by_email", fields=["voucher", "email_key"], condition=Q(given_back_at=None)),
            models.Index(name="voucher_use_by_phone", fields=["voucher", "phone_key"], condition=Q(given_back_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.voucher_id} untuk {self.order_id}"
