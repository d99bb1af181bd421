"""The order page and the list of orders. Everything is read-only; buttons call services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from config.staff import ActionAdmin, ReadOnlyAdmin
from config.staff.export import Column, CsvExport
from orders.models import Order
from payments.admin import order_list, order_page, parcels
from payments.admin.cancel_requests import AcceptCancelRequest, DeclineCancelRequest
from payments.admin.order_actions import AskGateway, ClearHold, Complete, Ship, StartPacking, TakeBackGoods, WriteNote
from payments.admin.order_endings import Cancel, ReleaseWithoutGateway
from payments.admin.order_mails import ResendMail
from payments.admin.who import sees_money
from payments.staff import lists
from shop.phone import local_phone

if TYPE_CHECKING:
    from django.contrib.admin import FieldListFilter as RangeNumericFilter
else:
    from unfold.contrib.filters.admin import RangeNumericFilter

_SHIPPING = ("number_", "age_", "customer", "units_", "parcel_")
MAX_ID = 2**63 - 1
_EVERYTHING = ("number_", "age_", "customer", "units_", "total_", "money_", "status_")


@admin.register(Order)
class OrderAdmin(order_list.OrderCells, CsvExport[Order], ActionAdmin[Order], ReadOnlyAdmin[Order]):
    """Orders as staff see them. The warehouse sees the paid ones, without their money."""

    export_permission = "orders.export_order"
    export_columns = (
        Column("nomor", lambda order: order.number),
        Column("dibuat (WIB)", lambda order: order.created_at),
        Column("status", lambda order: order.get_status_display()),
        Column("dibayar (WIB)", lambda order: order.paid_at),
        Column("penerima", lambda order: order.recipient),
        Column("e-mail", lambda order: order.email),
        Column("telepon", lambda order: local_phone(order.phone)),
        Column("alamat", lambda order: " ".join(order.street.split())),
        Column("kecamatan", lambda order: order.district),
        Column("kota", lambda order: order.city),
        Column("provinsi", lambda order: order.province),
        Column("kode pos", lambda order: order.postal_code),
        Column("layanan kirim", lambda order: order.courier),
        Column("resi", lambda order: ", ".join(str(parcel) for parcel in order.shipments.all())),
        Column("barang", lambda order: "; ".join(f"{item.quantity} × {item.sku}" for item in order.items.all())),
        Column("subtotal", lambda order: order.subtotal),
        Column("ongkir", lambda order: order.shipping_cost),
        Column("potongan", lambda order: order.discount),
        Column("total", lambda order: order.total),
    )
    object_actions = (
        StartPacking(),
        Ship(),
        Complete(),
        AskGateway(),
        TakeBackGoods(),
        ResendMail(),
        WriteNote(),
        ClearHold(),
        AcceptCancelRequest(),
        DeclineCancelRequest(),
        Cancel(),
        ReleaseWithoutGateway(),
        parcels.PrintUnasked(),
    )
    list_display = _EVERYTHING
    list_display_links = ("number_",)
    list_filter = (
        "status",
        order_list.PaidByFilter,
        order_list.CourierFilter,
        order_list.CityFilter,
        ("created_at", order_list.PlacedFilter),
        ("total", RangeNumericFilter),
    )
    actions = ("print_slips",)  # type: ignore[assignment]  # the base class offers none
    list_filter_submit = True
    list_before_template = "admin/orders/order/tabs.html"
    search_fields = ("number",)
    search_help_text = "Nomor, e-mail, telepon, penerima, resi, atau ID Midtrans"
    date_hierarchy = "created_at"

    def get_urls(self) -> list[URLPattern]:
        """Add the slips to print and the pasted list of resi."""
        wrap = self.admin_site.admin_view
        return [
            path("<int:object_id>/slip/", wrap(self.slip_view), name="orders_order_slip"),
            path("cetak/", wrap(self.slips_view), name="orders_order_slips"),
            path("resi/", wrap(self.resi_view), name="orders_order_resi"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        """Return what this person may see, with what a row needs."""
        orders = super().get_queryset(request)
        if not sees_money(request):
            orders = orders.filter(paid_at__isnull=False)
        return lists.with_facts(orders)

    def get_list_display(self, request: HttpRequest) -> Any:
        """Leave the money out for those who see none."""
        return _EVERYTHING if sees_money(request) else _SHIPPING

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Leave out the filters by money for those who see none: an answer can be asked out of them."""
        filters = super().get_list_filter(request)
        money = (order_list.PaidByFilter, ("total", RangeNumericFilter))
        return filters if sees_money(request) else tuple(one for one in filters if one not in money)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[order_list.OrderChangeList]:
        """Return the list with its views."""
        return order_list.OrderChangeList

    def export_rows(self, rows: QuerySet[Order]) -> QuerySet[Order]:
        """Fetch items and parcels with the rows; the facts of the list are not needed."""
        return Order.objects.filter(pk__in=rows.order_by().values("pk")).prefetch_related("items", "shipments")

    def get_search_results(
        self,
        request: HttpRequest,
        queryset: QuerySet[Any],
        search_term: str,
    ) -> tuple[QuerySet[Any], bool]:
        """Search for what people quote on the phone."""
        return lists.search(queryset, search_term), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the list under its tabs."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        may_ship = request.user.has_perm("orders.ship_order")
        context = {"staff_tabs": order_list.tabs(request), "orphans": 0, "may_ship": may_ship}
        if sees_money(request):
            context["orphans"] = lists.orphans()[: lists.COUNT_LIMIT].count()
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one order whole; there is nothing to save here."""
        if request.method not in {"GET", "HEAD"} or not self.has_view_permission(request):
            raise PermissionDenied
        order = self.get_object(request, object_id)
        if order is None:
            return self.not_there(request)
        context = {
            **self.admin_site.each_context(request),
            "title": order.number,
            "opts": self.opts,
            "original": order,
            **order_page.context(request, self.admin_site, order),
            "staff_buttons": self.buttons(request, order),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/orders/order/page.html", context)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The order has a history of its own, on its page; the admin's log knows nothing of it."""
        raise PermissionDenied

    @admin.action(description="Cetak slip & label", permissions=["view"])
    def print_slips(self, request: HttpRequest, queryset: QuerySet[Order]) -> HttpResponse | None:
        """Lead to the slips of the chosen orders."""
        numbers = list(queryset.order_by("pk").values_list("pk", flat=True)[: parcels.MAX_SLIPS + 1])
        if len(numbers) > parcels.MAX_SLIPS:
            self.message_user(request, f"Paling banyak {parcels.MAX_SLIPS} slip sekaligus.", messages.WARNING)
            return None
        query = "&".join(f"id={pk}" for pk in numbers)
        return HttpResponseRedirect(f"{reverse('admin:orders_order_slips')}?{query}")

    def slip_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show what goes into one parcel and onto it, to print."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        order = self.get_object(request, str(object_id))
        if order is None:
            return self.not_there(request)
        return parcels.slips(request, self.get_queryset(request).filter(pk=order.pk))

    def slips_view(self, request: HttpRequest) -> HttpResponse:
        """Show the slips of several parcels, a page each."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        asked = [int(text) for text in request.GET.getlist("id") if text.isascii() and text.isdecimal()]
        chosen = [pk for pk in asked if pk <= MAX_ID][: parcels.MAX_SLIPS]
        return parcels.slips(request, self.get_queryset(request).filter(pk__in=chosen))

    def resi_view(self, request: HttpRequest) -> HttpResponse:
        """Take a pasted list of resi."""
        return parcels.paste(self, request)
