"""What Midtrans told us, what went wrong with it, and the history of all orders: to read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.safestring import SafeString

from config.staff import ActionAdmin, Done, ObjectAction, ReadOnlyAdmin
from config.staff.show import NOTHING, Tone, as_json, badge, link, number, when, who
from orders.models import OrderEvent
from orders.states import OrderStatus
from payments.admin.cells import GATEWAY_STATUSES, one_of, order_link
from payments.models import GatewayNotification, GatewayTrouble, SignatureFailure
from payments.services.notifications import reprocess
from payments.states import NotificationOutcome

_OUTCOMES: dict[str, tuple[Tone, str]] = {
    NotificationOutcome.WAITING: ("menunggu", "clock"),
    NotificationOutcome.APPLIED: ("dibayar", "circle-check"),
    NotificationOutcome.UNKNOWN_ORDER: ("batal", "triangle-alert"),
    NotificationOutcome.EXHAUSTED: ("batal", "circle-x"),
}


class Reprocess(ObjectAction[GatewayNotification]):
    """Try a notification again at once."""

    name = "proses-ulang"
    label = "Proses ulang"
    permissions = ("payments.reprocess_notification",)
    look = "main"

    def refusal(self, obj: GatewayNotification) -> str:
        return "Notifikasi ini sudah diterapkan." if obj.outcome == NotificationOutcome.APPLIED else ""

    def explain(self, obj: GatewayNotification) -> list[str]:
        return ["Midtrans ditanya lagi, dan jawabannya diterapkan. Isi notifikasinya sendiri tidak dipercaya."]

    def run(self, obj: GatewayNotification, data: dict[str, Any], request: HttpRequest) -> Done:
        outcome = reprocess(notification_id=obj.pk)
        if outcome is NotificationOutcome.APPLIED:
            return Done("Notifikasi diterapkan.")
        obj.refresh_from_db()
        return Done(f"Belum dapat diterapkan: {obj.last_error or outcome.label}.", messages.WARNING)


@admin.register(GatewayNotification)
class GatewayNotificationAdmin(ActionAdmin[GatewayNotification], ReadOnlyAdmin[GatewayNotification]):
    """The inbox of correctly signed notifications."""

    object_actions = (Reprocess(),)
    list_display = ("received", "gateway_id", "claimed_status", "outcome_", "attempts", "deliveries", "last_error")
    list_display_links = ("received", "gateway_id")
    list_filter = ("outcome", one_of("claimed_status", "mengaku", [(word, word) for word in GATEWAY_STATUSES]))
    search_fields = ("=gateway_id", "=transaction_id", "=payment__order__number")
    search_help_text = "ID di Midtrans, ID transaksi, atau nomor pesanan"
    date_hierarchy = "received_at"
    fields = (
        "gateway_id", "transaction_id", "payment_", "order_", "claimed_status", "outcome_", "attempts", "deliveries",
        "received", "applied", "next_try", "last_error", "content",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description="pembayaran")
    def payment_(self, row: GatewayNotification) -> str | SafeString:
        """Lead to the payment."""
        return link(row.payment, "payments_payment_change", row.payment_id) if row.payment_id else NOTHING

    @admin.display(description="pesanan")
    def order_(self, row: GatewayNotification) -> str | SafeString:
        """Lead to the order."""
        return order_link(row.payment.order) if row.payment else NOTHING

    @admin.display(description="hasil", ordering="outcome")
    def outcome_(self, row: GatewayNotification) -> SafeString:
        """Return the outcome as a badge."""
        tone, icon = _OUTCOMES[row.outcome]
        return badge(NotificationOutcome(row.outcome).label, tone, icon)

    @admin.display(description="diterima", ordering="pk")
    def received(self, row: GatewayNotification) -> SafeString:
        """Return when it first came."""
        return when(row.received_at)

    @admin.display(description="diterapkan")
    def applied(self, row: GatewayNotification) -> SafeString:
        """Return when it was applied."""
        return when(row.applied_at)

    @admin.display(description="percobaan berikut")
    def next_try(self, row: GatewayNotification) -> SafeString:
        """Return when a job tries again."""
        return when(row.next_attempt_at)

    @admin.display(description="isi")
    def content(self, row: GatewayNotification) -> SafeString:
        """Return the body without its signature."""
        return as_json(row.body)


@admin.register(SignatureFailure)
class SignatureFailureAdmin(ReadOnlyAdmin[SignatureFailure]):
    """Badly signed bodies, counted by the minute; they themselves are not kept."""

    list_display = ("time", "count_")
    ordering = ("-minute",)
    fields = readonly_fields = ("time", "count_")

    @admin.display(description="menit", ordering="minute")
    def time(self, row: SignatureFailure) -> SafeString:
        """Return the minute."""
        return when(row.minute)

    @admin.display(description="jumlah", ordering="count")
    def count_(self, row: SignatureFailure) -> SafeString:
        """Return how many."""
        return number(row.count)


@admin.register(GatewayTrouble)
class GatewayTroubleAdmin(ReadOnlyAdmin[GatewayTrouble]):
    """Facts about the gateway that stopped a job."""

    list_display = ("kind", "state", "detail", "count", "first", "last")
    list_filter = ("kind",)
    ordering = ("-last_at",)
    fields = ("kind", "state", "detail", "count", "first", "last", "ended")
    readonly_fields = fields

    @admin.display(description="keadaan")
    def state(self, row: GatewayTrouble) -> SafeString:
        """Say whether it goes on."""
        if row.ended_at is None:
            return badge("Berlangsung", "batal", "triangle-alert")
        return badge("Berakhir", "selesai", "check")

    @admin.display(description="pertama", ordering="first_at")
    def first(self, row: GatewayTrouble) -> SafeString:
        """Return when it began."""
        return when(row.first_at)

    @admin.display(description="terakhir", ordering="last_at")
    def last(self, row: GatewayTrouble) -> SafeString:
        """Return when it was last seen."""
        return when(row.last_at)

    @admin.display(description="berakhir")
    def ended(self, row: GatewayTrouble) -> SafeString:
        """Return when it ended."""
        return when(row.ended_at)


@admin.register(OrderEvent)
class OrderEventAdmin(ReadOnlyAdmin[OrderEvent]):
    """What happened to all orders: who, when, what, why."""

    list_display = ("time", "order_", "kind_", "change", "actor_", "reason")
    list_display_links = ("time",)
    list_filter = ("kind", one_of("to_status", "menjadi", OrderStatus.choices))
    search_fields = ("=order__number", "actor", "reason")
    search_help_text = "Nomor pesanan, siapa, atau alasan"
    list_select_related = ("order",)
    date_hierarchy = "created_at"
    ordering = ("-pk",)
    fields = ("time", "order_", "kind_", "change", "actor_", "reason", "more")
    readonly_fields = fields

    @admin.display(description="waktu", ordering="pk")
    def time(self, event: OrderEvent) -> SafeString:
        """Return when it happened."""
        return when(event.created_at)

    @admin.display(description="pesanan")
    def order_(self, event: OrderEvent) -> SafeString:
        """Lead to the order."""
        return order_link(event.order)

    @admin.display(description="jenis", ordering="kind")
    def kind_(self, event: OrderEvent) -> str:
        """Return the kind in words."""
        return event.get_kind_display()

    @admin.display(description="status")
    def change(self, event: OrderEvent) -> str:
        """Return from which status to which."""
        if not event.to_status:
            return NOTHING
        to = OrderStatus(event.to_status).label
        return f"{OrderStatus(event.from_status).label} → {to}" if event.from_status else to

    @admin.display(description="oleh", ordering="actor")
    def actor_(self, event: OrderEvent) -> str:
        """Return who did it."""
        return who(event.actor)

    @admin.display(description="rincian")
    def more(self, event: OrderEvent) -> SafeString:
        """Return what else was noted."""
        return as_json(event.data)
