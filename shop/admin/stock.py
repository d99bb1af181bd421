"""The stock list: what is there, what is promised, what runs low. Numbers move through its two forms only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from config.staff import ActionAdmin, ReadOnlyAdmin
from config.staff.show import NOTHING, badge, in_one_piece, link, money, number, who
from shop.admin.stock_actions import Arrival, Correction
from shop.models import MovementKind, Reservation, ReservationState, StockMovement, Variant
from shop.models.stock import LIVE_RESERVATION_STATES
from shop.selectors import running_low
from shop.staff import sold_and_still_here

SALES_WINDOW_DAYS = 30
REORDER_DAYS = 14
RECENT = 20

_SHORT = Reservation.objects.filter(variant=OuterRef("pk"), state=ReservationState.SHORT)


class StockFilter(admin.SimpleListFilter):
    """Low, gone, or less than was promised."""

    title = "stok"
    parameter_name = "stok"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("kurang", "Kurang stok"),
            ("menipis", "Menipis"),
            ("segera", f"Habis dalam {REORDER_DAYS} hari"),
            ("habis", "Habis"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Variant]) -> QuerySet[Variant]:
        match self.value():
            case "kurang":
                return queryset.filter(Q(reserved__gt=F("on_hand")) | Exists(_SHORT))
            case "menipis":
                return queryset.filter(pk__in=running_low().values("pk"))
            case "segera":
                # At the pace of the window; what does not sell never runs out.
                enough = F("sold_units") * REORDER_DAYS / SALES_WINDOW_DAYS
                rows: QuerySet[Any] = queryset
                return rows.filter(is_active=True, sold_units__gt=0, free_units__lte=enough)
            case "habis":
                return queryset.filter(on_hand__lte=F("reserved"))
        return queryset


@admin.register(Variant)
class VariantAdmin(ActionAdmin[Variant], ReadOnlyAdmin[Variant]):
    """One SKU with its stock. Prices and texts are on the product's page."""

    object_actions = (Arrival(), Correction())
    change_form_outer_after_template = "admin/shop/variant/after.html"
    list_display = (
        "sku_", "name_of", "state", "on_hand_", "reserved_", "available_", "sold_recently", "lasts", "to_order", "book",
    )  # fmt: skip
    list_display_links = ("sku_",)
    list_filter = (StockFilter, "is_active", "product__category")
    search_fields = ("sku", "name", "product__name")
    search_help_text = "SKU atau nama barang"
    ordering = ("product__name", "position", "pk")
    fields = (
        "sku", "product_link", "choice", "price_", "weight_", "is_active", "on_hand_", "reserved_", "available_",
        "reorder_at",
    )  # fmt: skip
    readonly_fields = ("product_link", "choice", "price_", "weight_", "on_hand_", "reserved_", "available_")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Variant]:
        """Add what was sold lately and whether a paid line waits, in the same query."""
        since = timezone.now() - timedelta(days=SALES_WINDOW_DAYS)
        sales = StockMovement.objects.filter(variant=OuterRef("pk"), kind=MovementKind.SALE, created_at__gte=since)
        sold = sales.order_by().values("variant").annotate(n=-Sum("delta")).values("n")
        return (
            super()
            .get_queryset(request)
            .select_related("product")
            .annotate(
                free_units=F("on_hand") - F("reserved"),
                sold_units=Coalesce(Subquery(sold, output_field=IntegerField()), 0),
                is_short=Exists(_SHORT),
            )
        )

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show the variant with the end of its ledger and who waits for it."""
        context = dict(extra_context or {})
        if object_id is not None and object_id.isdecimal() and (variant := self.get_object(request, object_id)):
            movements = variant.movements.select_related("reservation")[:RECENT]
            context["movements"] = [(movement, who(movement.actor)) for movement in movements]
            live = variant.reservations.filter(state__in=LIVE_RESERVATION_STATES).order_by("pk")
            context["waiting"] = list(live[:RECENT])
            context["unsent"] = sold_and_still_here(variant.pk)
        return super().changeform_view(request, object_id, form_url, context)

    @admin.display(description="SKU", ordering="sku")
    def sku_(self, variant: Variant) -> SafeString:
        """Return the SKU in one piece."""
        return in_one_piece(variant.sku)

    @admin.display(description="pilihan")
    def choice(self, variant: Variant) -> str:
        """Return which of the product's variants it is."""
        return variant.name or NOTHING

    @admin.display(description="berat")
    def weight_(self, variant: Variant) -> SafeString:
        """Return the weight with its unit."""
        return in_one_piece(f"{variant.weight} g")

    @admin.display(description="barang", ordering="product__name")
    def name_of(self, variant: Variant) -> str:
        """Return product and choice."""
        return f"{variant.product.name}, {variant.name}" if variant.name else variant.product.name

    @admin.display(description="produk")
    def product_link(self, variant: Variant) -> SafeString:
        """Lead to the product, where names and prices are edited."""
        return link(variant.product, "shop_product_change", variant.product_id)

    @admin.display(description="keadaan")
    def state(self, variant: Variant) -> str | SafeString:
        """Say what is wrong with the stock, if something is."""
        found = []
        if getattr(variant, "is_short", False) or variant.available < 0:
            found.append(badge("Kurang stok", "batal", "triangle-alert"))
        elif variant.available <= 0:
            found.append(badge("Habis", "selesai", "circle-x"))
        elif variant.runs_low:
            found.append(badge("Menipis", "menunggu", "clock"))
        if not variant.is_active:
            found.append(badge("Tidak dijual", "selesai", "x"))
        return format_html_join(" ", "{}", ((one,) for one in found)) or badge("Cukup", "dibayar", "check")

    @admin.display(description="harga")
    def price_(self, variant: Variant) -> SafeString:
        """Return the price."""
        return money(variant.price)

    @admin.display(description="belum terjual", ordering="on_hand")
    def on_hand_(self, variant: Variant) -> SafeString:
        """Return what no paid order has taken yet."""
        return number(variant.on_hand)

    @admin.display(description="dipesan", ordering="reserved")
    def reserved_(self, variant: Variant) -> SafeString:
        """Return what is promised."""
        return number(variant.reserved)

    @admin.display(description="tersedia", ordering="free_units")
    def available_(self, variant: Variant) -> SafeString:
        """Return what may still be sold; below zero when less is there than is promised."""
        return number(variant.available)

    @admin.display(description=f"terjual {SALES_WINDOW_DAYS} hari")
    def sold_recently(self, variant: Variant) -> SafeString:
        """Return the units sold in the window."""
        return number(getattr(variant, "sold_units", 0))

    @admin.display(description="cukup untuk")
    def lasts(self, variant: Variant) -> str:
        """Return how many days the stock lasts at the pace of the window."""
        sold = getattr(variant, "sold_units", 0)
        if not sold or variant.available <= 0:
            return NOTHING
        return f"± {max(1, variant.available * SALES_WINDOW_DAYS // sold)} hari"

    @admin.display(description="saran pesan")
    def to_order(self, variant: Variant) -> str | SafeString:
        """Return how many to order of what runs low, so that it is above its limit after the next window's sales."""
        wanted = getattr(variant, "sold_units", 0) + variant.low_at + 1 - variant.available
        return number(wanted) if variant.is_active and variant.runs_low else NOTHING

    @admin.display(description="catat")
    def book(self, variant: Variant) -> SafeString:
        """Lead to the two forms; who may not use them is told so there."""
        return format_html(
            '<a class="st-link" href="{}">Masuk<span class="st-vh"> {}</span></a> · '
            '<a class="st-link" href="{}">Sesuaikan<span class="st-vh"> {}</span></a>',
            reverse(f"admin:shop_variant_{Arrival.name}", args=[variant.pk]),
            variant.sku,
            reverse(f"admin:shop_variant_{Correction.name}", args=[variant.pk]),
            variant.sku,
        )

    def get_list_display(self, request: HttpRequest) -> Any:
        """Offer the forms to those who may use them."""
        shown = super().get_list_display(request)
        return shown if request.user.has_perm("shop.adjust_stock") else tuple(name for name in shown if name != "book")
