"""Refunds: money on its way back, to read, with the buttons that move it on."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.staff import ActionAdmin, ReadOnlyAdmin
from config.staff.show import NOTHING, badge, in_one_piece, link, money, when, who
from payments.admin.bank_refund_actions import Claim, Confirm, GiveUp, SetAccount
from payments.admin.cells import order_link, shown
from payments.admin.refund_actions import Approve, Reject, Send
from payments.admin.refund_proof import DownloadProof, proof_of
from payments.models import Refund
from payments.staff.words import refund_badge
from payments.states import RefundChannel, RefundState


class WaitingFilter(admin.SimpleListFilter):
    """Whose turn it is."""

    title = "menunggu"
    parameter_name = "menunggu"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("setuju", "Persetujuan"), ("transfer", "Transfer bank"), ("midtrans", "Midtrans")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Refund]) -> QuerySet[Refund]:
        begun = queryset.filter(state__in=[RefundState.REQUESTED, RefundState.SENT])
        unapproved = Q(needs_approval=True, approved_by__isnull=True)
        match self.value():
            case "setuju":
                return begun.filter(unapproved)
            case "transfer":
                return begun.filter(~unapproved, channel=RefundChannel.BANK)
            case "midtrans":
                return begun.filter(~unapproved, channel=RefundChannel.API)
        return queryset


@admin.register(Refund)
class RefundAdmin(ActionAdmin[Refund], ReadOnlyAdmin[Refund]):
    """Money on its way back, one row per intention."""

    object_actions = (SetAccount(), Approve(), Claim(), Confirm(), Send(), Reject(), GiveUp(), DownloadProof())
    list_display = ("key", "order_", "amount_", "way", "state_", "requested_by", "approval", "created")
    list_filter = (WaitingFilter, "state", "channel")
    search_fields = (
        "=refund_key", "=bank_reference", "=transaction__payment__order__number", "=transaction__transaction_id",
    )  # fmt: skip
    search_help_text = "Kunci, nomor referensi bank, nomor pesanan, atau ID transaksi"
    list_select_related = ("transaction__payment__order", "requested_by", "approved_by", "proof")
    date_hierarchy = "created_at"
    fields = (
        "key", "order_", "transaction_", "amount_", "reason", "channel", "state_", "requested_by", "approval",
        "account_", "claimed_by", "bank_reference", "proof_", "attempts", "next_try", "last_error", "created", "sent",
        "done", "unseen", "denied",
    )  # fmt: skip
    readonly_fields = (*fields, "whole_account", "account_owner")

    def get_fields(self, request: HttpRequest, obj: Refund | None = None) -> Any:
        """Show the whole account to those who may see it, where there is one."""
        if obj is None or obj.account is None or not request.user.has_perm("payments.view_refund_account"):
            return self.fields
        at = self.fields.index("account_")
        return (*self.fields[:at], "bank_name", "whole_account", "account_owner", *self.fields[at + 1 :])

    def get_queryset(self, request: HttpRequest) -> QuerySet[Refund]:
        """Fetch the order and the people with the row."""
        rows = super().get_queryset(request).select_related(*self.list_select_related)
        return rows.defer("proof__content")

    def page_of(self, obj: Refund) -> str:
        """Lead back to the order, where one sees what follows."""
        order_id = obj.transaction.payment.order_id
        return reverse("admin:orders_order_change", args=[order_id]) if order_id else super().page_of(obj)

    @admin.display(description="kunci", ordering="refund_key")
    def key(self, refund: Refund) -> str:
        """Return the key that makes every retry the same refund."""
        return refund.refund_key

    @admin.display(description="pesanan")
    def order_(self, refund: Refund) -> SafeString:
        """Lead to the order."""
        return order_link(refund.transaction.payment.order)

    @admin.display(description="transaksi")
    def transaction_(self, refund: Refund) -> SafeString:
        """Lead to the transaction."""
        row = refund.transaction
        return link(row.transaction_id, "payments_paymenttransaction_change", row.pk)

    @admin.display(description="jumlah", ordering="amount")
    def amount_(self, refund: Refund) -> SafeString:
        """Return the amount."""
        return money(refund.amount)

    @admin.display(description="jalur", ordering="channel")
    def way(self, refund: Refund) -> str | SafeString:
        """Return which way it goes, and to which account, its number masked."""
        label = RefundChannel(refund.channel).label
        if not refund.masked_account:
            return label
        return format_html('{}<span class="st-small st-muted st-block">{}</span>', label, refund.masked_account)

    @admin.display(description="rekening tujuan")
    def account_(self, refund: Refund) -> str:
        """Return the account, its number masked."""
        return refund.masked_account or NOTHING

    @admin.display(description="nomor rekening")
    def whole_account(self, refund: Refund) -> SafeString:
        """Return the number in whole, in one piece."""
        return in_one_piece(refund.account_number)

    @admin.display(description="atas nama")
    def account_owner(self, refund: Refund) -> str:
        """Return whose account it is."""
        return refund.account_name

    @admin.display(description="bukti transfer")
    def proof_(self, refund: Refund) -> str:
        """Return whether there is a proof, and from whom."""
        proof = proof_of(refund)
        if proof is None:
            return NOTHING
        if proof.erased_at:
            return "dihapus bersama data pelanggannya"
        return f"{proof.get_kind_display()}, {filesizeformat(proof.size)}, diunggah {who(proof.added_by)}"

    @admin.display(description="keadaan", ordering="state")
    def state_(self, refund: Refund) -> SafeString:
        """Return the state as a badge."""
        return shown(refund_badge(refund))

    @admin.display(description="persetujuan")
    def approval(self, refund: Refund) -> str | SafeString:
        """Return who approved, or that somebody has to."""
        if refund.approved_by is not None:
            return str(refund.approved_by)
        return badge("Ditunggu", "menunggu", "clock") if refund.needs_approval else "tidak perlu"

    @admin.display(description="dibuat", ordering="pk")
    def created(self, refund: Refund) -> SafeString:
        """Return when it was asked for."""
        return when(refund.created_at)

    @admin.display(description="pertama dikirim")
    def sent(self, refund: Refund) -> SafeString:
        """Return when it was first sent."""
        return when(refund.first_sent_at)

    @admin.display(description="selesai")
    def done(self, refund: Refund) -> SafeString:
        """Return when the money was back."""
        return when(refund.done_at)

    @admin.display(description="tidak terlihat di Midtrans sejak")
    def unseen(self, refund: Refund) -> SafeString:
        """Return since when the gateway does not show it any more; whether it was denied is not sure yet."""
        return when(refund.unseen_since)

    @admin.display(description="ditolak bank")
    def denied(self, refund: Refund) -> SafeString:
        """Return when it turned out that the money had not gone back after all."""
        return when(refund.denied_at)

    @admin.display(description="percobaan berikut")
    def next_try(self, refund: Refund) -> SafeString:
        """Return when a job tries again."""
        return when(refund.next_attempt_at)
