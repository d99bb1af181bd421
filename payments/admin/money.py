"""Payments and their transactions, to read; money moves through buttons only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from config.staff import ActionAdmin, ReadOnlyAdmin
from config.staff.export import Column, CsvExport
from config.staff.show import NOTHING, as_json, link, money, number, when
from payments.admin.cells import by_payment_type, order_link, shown, yes
from payments.admin.refund_actions import GiveBack
from payments.instructions import method_name
from payments.models import Payment, PaymentTransaction, Refund
from payments.staff.order_page import left_to_give_back
from payments.staff.words import PAYMENT, TRANSACTION


class OrderFilter(admin.SimpleListFilter):
    """Money whose order this database does not have."""

    title = "pesanan"
    parameter_name = "pesanan"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("tanpa", "Tanpa pesanan")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Payment]) -> QuerySet[Payment]:
        return queryset.filter(order__isnull=True) if self.value() == "tanpa" else queryset


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin[Payment]):
    """One payment page at Midtrans. Its token is not shown: whoever has it can pay."""

    list_display = ("gateway_id", "order_", "status_", "amount_", "method_", "created", "success")
    list_display_links = ("gateway_id",)
    list_filter = ("status", OrderFilter, by_payment_type("method"))
    search_fields = ("=gateway_id", "=order__number", "=transactions__transaction_id")
    search_help_text = "ID di Midtrans, nomor pesanan, atau ID transaksi"
    list_select_related = ("order",)
    date_hierarchy = "created_at"
    fields = (
        "gateway_id", "order_", "status_", "amount_", "method_", "expires", "created", "success", "transactions_",
        "checked", "kill_asked", "killed", "missing", "unanswered_", "attempts", "next_try", "answer",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description="pesanan")
    def order_(self, payment: Payment) -> SafeString:
        """Lead to the order."""
        return order_link(payment.order)

    @admin.display(description="status", ordering="status")
    def status_(self, payment: Payment) -> SafeString:
        """Return the status as a badge."""
        return shown(PAYMENT[payment.status])

    @admin.display(description="jumlah", ordering="amount")
    def amount_(self, payment: Payment) -> SafeString:
        """Return the amount."""
        return money(payment.amount)

    @admin.display(description="cara bayar", ordering="method")
    def method_(self, payment: Payment) -> str:
        """Return what the customer chose, in words."""
        return method_name(payment.raw, payment.method) if payment.method else NOTHING

    @admin.display(description="dibuat", ordering="pk")
    def created(self, payment: Payment) -> SafeString:
        """Return when it was made."""
        return when(payment.created_at)

    @admin.display(description="berhasil", ordering="success_at")
    def success(self, payment: Payment) -> SafeString:
        """Return when the money came."""
        return when(payment.success_at)

    @admin.display(description="batas bayar")
    def expires(self, payment: Payment) -> SafeString:
        """Return until when it can be paid."""
        return when(payment.expires_at)

    @admin.display(description="terakhir dicek")
    def checked(self, payment: Payment) -> SafeString:
        """Return when the gateway was last asked."""
        return when(payment.checked_at)

    @admin.display(description="diminta dimatikan")
    def kill_asked(self, payment: Payment) -> SafeString:
        """Return since when it has to die."""
        return when(payment.kill_asked_at)

    @admin.display(description="mati sejak")
    def killed(self, payment: Payment) -> SafeString:
        """Return since when nobody can pay it."""
        return when(payment.killed_at)

    @admin.display(description="tidak dikenal Midtrans sejak")
    def missing(self, payment: Payment) -> SafeString:
        """Return since when the gateway knows no transaction of it."""
        return when(payment.missing_since)

    @admin.display(description="permintaan tanpa jawaban")
    def unanswered_(self, payment: Payment) -> SafeString:
        """Return how often the gateway was asked for a page and its answer never came."""
        return number(payment.unanswered)

    @admin.display(description="percobaan berikut")
    def next_try(self, payment: Payment) -> SafeString:
        """Return when a job tries again."""
        return when(payment.next_attempt_at)

    @admin.display(description="transaksi")
    def transactions_(self, payment: Payment) -> str | SafeString:
        """Lead to the transactions."""
        rows = payment.transactions.order_by("pk")
        links = ((link(row.transaction_id, "payments_paymenttransaction_change", row.pk),) for row in rows)
        return format_html_join(", ", "{}", links) or NOTHING

    @admin.display(description="jawaban terakhir")
    def answer(self, payment: Payment) -> SafeString:
        """Return what the gateway last said."""
        return as_json(payment.raw)


@admin.register(PaymentTransaction)
class PaymentTransactionAdmin(
    CsvExport[PaymentTransaction], ActionAdmin[PaymentTransaction], ReadOnlyAdmin[PaymentTransaction]
):
    """One attempt of a customer. Money goes back from here, also when its order is unknown."""

    object_actions = (GiveBack(),)
    export_permission = "payments.export_paymenttransaction"
    export_columns = (
        Column("ID transaksi", lambda row: row.transaction_id),
        Column("pesanan", lambda row: row.payment.order.number if row.payment.order else ""),
        Column("ID di Midtrans", lambda row: row.payment.gateway_id),
        Column("status", lambda row: row.get_status_display()),
        Column("cara bayar", lambda row: method_name(row.raw, row.payment_type)),
        Column("jumlah", lambda row: row.amount),
        Column("diterima", lambda row: row.received),
        Column("ditarik bank", lambda row: row.charged_back),
        Column("dikembalikan", lambda row: row.received - row.charged_back - left_to_give_back(row)),
        Column("kelebihan bayar", lambda row: row.surplus),
        Column("dicek (WIB)", lambda row: row.asked_at),
    )
    list_display = ("transaction_id", "order_", "status_", "type_", "received_", "left_", "surplus_", "asked")
    list_filter = ("surplus", "status", by_payment_type("payment_type"))
    search_fields = ("=transaction_id", "=payment__gateway_id", "=payment__order__number")
    search_help_text = "ID transaksi, ID di Midtrans, atau nomor pesanan"
    ordering = ("-pk",)
    fields = (
        "transaction_id", "order_", "payment_", "status_", "raw_status", "fraud", "type_", "amount_",
        "received_", "charged_back_", "left_", "surplus_", "problem", "reversed", "asked", "refunds_", "answer",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[PaymentTransaction]:
        """Fetch orders and refunds with the page."""
        refunds = Refund.objects.order_by("pk")
        rows = super().get_queryset(request).select_related("payment__order")
        return rows.prefetch_related(Prefetch("refunds", queryset=refunds))

    def page_of(self, obj: PaymentTransaction) -> str:
        """Lead back to the order, where one sees what follows."""
        order_id = obj.payment.order_id
        return reverse("admin:orders_order_change", args=[order_id]) if order_id else super().page_of(obj)

    def export_rows(self, rows: QuerySet[PaymentTransaction]) -> QuerySet[PaymentTransaction]:
        """Fetch the orders and what went back with the rows."""
        return rows.select_related("payment__order").prefetch_related("refunds")

    @admin.display(description="pesanan")
    def order_(self, row: PaymentTransaction) -> SafeString:
        """Lead to the order."""
        return order_link(row.payment.order)

    @admin.display(description="pembayaran")
    def payment_(self, row: PaymentTransaction) -> SafeString:
        """Lead to the payment."""
        return link(row.payment.gateway_id, "payments_payment_change", row.payment_id)

    @admin.display(description="status", ordering="status")
    def status_(self, row: PaymentTransaction) -> SafeString:
        """Return the status as a badge."""
        return shown(TRANSACTION[row.status])

    @admin.display(description="penilaian kecurangan")
    def fraud(self, row: PaymentTransaction) -> str:
        """Return the gateway's verdict about a card."""
        return row.fraud_status or NOTHING

    @admin.display(description="cara bayar", ordering="payment_type")
    def type_(self, row: PaymentTransaction) -> str:
        """Return how it was paid."""
        return method_name(row.raw, row.payment_type) if row.payment_type else NOTHING

    @admin.display(description="jumlah")
    def amount_(self, row: PaymentTransaction) -> SafeString:
        """Return the amount at the gateway."""
        return money(row.amount)

    @admin.display(description="diterima", ordering="received")
    def received_(self, row: PaymentTransaction) -> SafeString:
        """Return what came in."""
        return money(row.received)

    @admin.display(description="ditarik bank")
    def charged_back_(self, row: PaymentTransaction) -> SafeString:
        """Return what a bank took back."""
        return money(row.charged_back)

    @admin.display(description="masih di kita")
    def left_(self, row: PaymentTransaction) -> SafeString:
        """Return what could still be given back."""
        return money(left_to_give_back(row))

    @admin.display(description="kelebihan", ordering="surplus")
    def surplus_(self, row: PaymentTransaction) -> str | SafeString:
        """Say whether the order was paid already."""
        return yes(row.surplus, "Kelebihan bayar")

    @admin.display(description="dibatalkan bank")
    def reversed(self, row: PaymentTransaction) -> SafeString:
        """Return when the bank reversed it."""
        return when(row.reversed_at)

    @admin.display(description="ditanyakan", ordering="asked_at")
    def asked(self, row: PaymentTransaction) -> SafeString:
        """Return when the gateway was last asked about it."""
        return when(row.asked_at)

    @admin.display(description="pengembalian dana")
    def refunds_(self, row: PaymentTransaction) -> str | SafeString:
        """Lead to the refunds."""
        links = (
            (link(one.refund_key, "payments_refund_change", one.pk), money(one.amount)) for one in row.refunds.all()
        )
        return format_html_join(", ", "{} {}", links) or NOTHING

    @admin.display(description="jawaban terakhir")
    def answer(self, row: PaymentTransaction) -> SafeString:
        """Return what the gateway last said."""
        return as_json(row.raw)
