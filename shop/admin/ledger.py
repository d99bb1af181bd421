"""The stock ledger and the promises, to read."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.safestring import SafeString

from config.staff import ReadOnlyAdmin
from config.staff.export import Column, CsvExport
from config.staff.show import Tone, badge, link, number, when, who
from shop.models import MovementKind, Reservation, ReservationState, StockMovement

_KINDS: dict[str, tuple[Tone, str]] = {
    MovementKind.RECEIVE: ("dibayar", "plus"),
    MovementKind.SALE: ("dikirim", "shopping-bag"),
    MovementKind.RETURN: ("dikemas", "rotate-ccw"),
    MovementKind.ADJUST: ("menunggu", "sliders-horizontal"),
}
_STATES: dict[str, tuple[Tone, str]] = {
    ReservationState.HELD: ("menunggu", "clock"),
    ReservationState.SHORT: ("batal", "triangle-alert"),
    ReservationState.SOLD: ("dibayar", "check"),
    ReservationState.RELEASED: ("selesai", "x"),
}


@admin.register(StockMovement)
class StockMovementAdmin(CsvExport[StockMovement], ReadOnlyAdmin[StockMovement]):
    """Every change of what lies on the shelf, for ever."""

    export_permission = "shop.export_stockmovement"
    export_columns = (
        Column("waktu (WIB)", lambda row: row.created_at),
        Column("SKU", lambda row: row.variant.sku),
        Column("barang", lambda row: f"{row.variant.product.name} {row.variant.name}".strip()),
        Column("jenis", lambda row: row.get_kind_display()),
        Column("perubahan", lambda row: row.delta),
        Column("saldo", lambda row: row.balance),
        Column("alasan", lambda row: row.reason),
        Column("acuan", lambda row: row.return_reference or (row.reservation.reference if row.reservation else "")),
        Column("oleh", lambda row: who(row.actor)),
    )
    list_display = ("time", "sku", "kind_badge", "delta_", "balance_", "reason", "actor_")
    list_display_links = ("time",)
    list_filter = ("kind", "created_at")
    search_fields = ("variant__sku", "variant__product__name", "=reservation__reference", "actor")
    search_help_text = "SKU, nama barang, nomor pesanan, atau siapa"
    list_select_related = ("variant", "reservation")
    date_hierarchy = "created_at"
    fields = (
        "time", "sku", "kind_badge", "delta_", "balance_", "reason", "actor_", "reservation", "return_reference",
    )  # fmt: skip
    readonly_fields = fields

    def export_rows(self, rows: QuerySet[StockMovement]) -> QuerySet[StockMovement]:
        """Fetch the goods and the orders with the rows."""
        return rows.select_related("variant__product", "reservation")

    @admin.display(description="waktu", ordering="pk")
    def time(self, movement: StockMovement) -> SafeString:
        """Return when it happened."""
        return when(movement.created_at)

    @admin.display(description="SKU", ordering="variant__sku")
    def sku(self, movement: StockMovement) -> SafeString:
        """Lead to the stock of the variant."""
        return link(movement.variant.sku, "shop_variant_change", movement.variant_id)

    @admin.display(description="jenis", ordering="kind")
    def kind_badge(self, movement: StockMovement) -> SafeString:
        """Return the kind as a badge."""
        tone, icon = _KINDS[movement.kind]
        return badge(MovementKind(movement.kind).label, tone, icon)

    @admin.display(description="perubahan", ordering="delta")
    def delta_(self, movement: StockMovement) -> SafeString:
        """Return the change."""
        return number(movement.delta)

    @admin.display(description="saldo")
    def balance_(self, movement: StockMovement) -> SafeString:
        """Return what was there afterwards."""
        return number(movement.balance)

    @admin.display(description="oleh", ordering="actor")
    def actor_(self, movement: StockMovement) -> str:
        """Return who did it."""
        return who(movement.actor)


@admin.register(Reservation)
class ReservationAdmin(ReadOnlyAdmin[Reservation]):
    """What is promised to which order."""

    list_display = ("reference", "sku", "quantity", "state_badge", "attempts", "time")
    list_filter = ("state",)
    search_fields = ("=reference", "variant__sku", "variant__product__name")
    search_help_text = "Nomor pesanan, SKU, atau nama barang"
    list_select_related = ("variant",)
    ordering = ("-pk",)
    fields = ("reference", "sku", "quantity", "state_badge", "attempts", "next", "time", "changed")
    readonly_fields = fields

    @admin.display(description="SKU")
    def sku(self, reservation: Reservation) -> SafeString:
        """Lead to the stock of the variant."""
        return link(reservation.variant.sku, "shop_variant_change", reservation.variant_id)

    @admin.display(description="keadaan", ordering="state")
    def state_badge(self, reservation: Reservation) -> SafeString:
        """Return the state as a badge."""
        tone, icon = _STATES[reservation.state]
        return badge(ReservationState(reservation.state).label, tone, icon)

    @admin.display(description="dibuat", ordering="pk")
    def time(self, reservation: Reservation) -> SafeString:
        """Return when it was made."""
        return when(reservation.created_at)

    @admin.display(description="berubah")
    def changed(self, reservation: Reservation) -> SafeString:
        """Return when it last changed."""
        return when(reservation.changed_at)

    @admin.display(description="percobaan berikut")
    def next(self, reservation: Reservation) -> SafeString:
        """Return when a short line is tried again."""
        return when(reservation.next_attempt_at)
