"""Money given back, one row per intention, written before anything is sent."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from payments.bank_account import BANK_LENGTH, NAME_LENGTH, NUMBER_LENGTH, BankAccount, masked_number
from payments.models.payment import PaymentTransaction
from payments.states import RefundChannel, RefundState


class Refund(models.Model):
    """One refund of one transaction. ``refund_key`` makes every retry the same refund at the gateway.

    API: REQUESTED -> SENT (about to call; a lost answer leaves it here) -> DONE | FAILED. BANK: SENT = a person has
    claimed the transfer, DONE needs the bank's reference and has a proof beside it (``RefundProof``). Its account is
    fixed once it is approved or claimed, and loses name and number, all but four digits, when its owner is erased.
    DASHBOARD: found at the gateway, never sent by us.

    ``unseen_since``: GET status shows this DONE refund no more, as of the first answer that did not. ``denied_at``: it
    was DONE and counts as FAILED since then, because the gateway kept not showing it (ADR 13).
    """

    transaction = models.ForeignKey(PaymentTransaction, on_delete=models.PROTECT, related_name="refunds")
    amount = models.PositiveBigIntegerField("jumlah", help_text="Rupiah")
    reason = models.CharField("alasan", max_length=200)
    refund_key = models.CharField(max_length=50, unique=True)
    channel = models.CharField("jalur", max_length=10, choices=RefundChannel.choices)
    state = models.CharField("keadaan", max_length=10, choices=RefundState.choices, default=RefundState.REQUESTED)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="refunds_requested",
        verbose_name="diminta oleh",
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="refunds_approved",
        verbose_name="disetujui oleh",
    )
    needs_approval = models.BooleanField("perlu persetujuan", default=False)
    claimed_by = models.CharField("ditransfer oleh", max_length=80, blank=True)
    bank_reference = models.CharField("nomor referensi bank", max_length=80, blank=True)
    bank_name = models.CharField("bank tujuan", max_length=BANK_LENGTH, blank=True, default="", db_default="")
    account_number = models.CharField("nomor rekening", max_length=NUMBER_LENGTH, blank=True, default="", db_default="")
    account_name = models.CharField(
        "nama pemilik rekening", max_length=NAME_LENGTH, blank=True, default="", db_default=""
    )
    lease = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField("percobaan", default=0)
    next_attempt_at = models.DateTimeField("percobaan berikut", null=True, blank=True)
    last_error = models.CharField("kesalahan terakhir", max_length=200, blank=True)
    created_at = models.DateTimeField("dibuat", auto_now_add=True)
    first_sent_at = models.DateTimeField("pertama dikirim", null=True, blank=True)
    done_at = models.DateTimeField("selesai", null=True, blank=True)
    unseen_since = models.DateTimeField("tidak terlihat sejak", null=True, blank=True)
    denied_at = models.DateTimeField("ditolak bank", null=True, blank=True)

    class Meta:
        verbose_name = "pengembalian dana"
        verbose_name_plural = "pengembalian dana"
        ordering = ["-pk"]
        permissions = [
            ("approve_refund", "Boleh menyetujui pengembalian dana"),
            ("view_refund_account", "Boleh melihat nomor rekening tujuan seluruhnya"),
        ]
        constraints = [
            models.CheckConstraint(name="refund_amount_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(name="refund_state_known", condition=Q(state__in=RefundState.values)),
            models.CheckConstraint(name="refund_channel_known", condition=Q(channel__in=RefundChannel.values)),
            models.CheckConstraint(
                name="refund_approved_by_another",
                condition=Q(approved_by__isnull=True)
                | Q(requested_by__isnull=True)
                | ~Q(approved_by=F("requested_by")),
            ),
            models.CheckConstraint(
                name="refund_sent_only_when_approved",
                condition=Q(needs_approval=False)
                | Q(approved_by__isnull=False)
                | Q(state__in=[RefundState.REQUESTED, RefundState.FAILED]),
            ),
            models.CheckConstraint(
                name="refund_bank_done_has_reference",
                condition=~Q(channel=RefundChannel.BANK, state=RefundState.DONE) | ~Q(bank_reference=""),
            ),
            models.CheckConstraint(
                name="refund_done_has_done_at",
                condition=~Q(state=RefundState.DONE) | Q(done_at__isnull=False),
            ),
            models.CheckConstraint(
                name="refund_unseen_was_shown",
                condition=Q(unseen_since__isnull=True) | (Q(state=RefundState.DONE) & ~Q(channel=RefundChannel.BANK)),
            ),
            models.CheckConstraint(
                name="refund_denied_was_done",
                condition=Q(denied_at__isnull=True)
                | (Q(state=RefundState.FAILED, done_at__isnull=False) & ~Q(channel=RefundChannel.BANK)),
            ),
            models.CheckConstraint(
                name="refund_account_is_whole",
                condition=Q(bank_name="", account_number="", account_name="")
                | (~Q(bank_name="") & ~Q(account_number="") & ~Q(account_name="")),
            ),
            models.CheckConstraint(
                name="refund_account_is_digits_or_masked",
                condition=Q(account_number="") | Q(account_number__regex=r"^([0-9]{6,20}|[*]{4}[0-9]{4})$"),
            ),
            models.CheckConstraint(
                name="refund_account_is_for_a_transfer",
                condition=Q(account_number="") | Q(channel=RefundChannel.BANK),
            ),
            models.UniqueConstraint(
                name="refund_one_open_per_transaction",
                fields=["transaction"],
                condition=Q(state__in=[RefundState.REQUESTED, RefundState.SENT]),
            ),
        ]
        indexes = [
            models.Index(
                name="refund_open",
                fields=["next_attempt_at"],
                condition=Q(state__in=[RefundState.REQUESTED, RefundState.SENT]),
            ),
            models.Index(name="refund_denied", fields=["transaction"], condition=Q(denied_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.refund_key

    @property
    def account(self) -> BankAccount | None:
        """Where a transfer goes; None when nobody has said so, or when it was erased."""
        if not self.account_number.isdecimal():
            return None
        return BankAccount(self.bank_name, self.account_number, self.account_name)

    @property
    def masked_account(self) -> str:
        """The account as lists show it; empty when nobody has said where the money goes."""
        return f"{self.bank_name} {masked_number(self.account_number)}".strip()
