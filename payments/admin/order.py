"""The order page and the list of orders. Everything is read-only; buttons call services."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from config.staff import ActionAdmin, ReadOnlyAdmin
from orders.models import Order
from payments.admin import order_list, order_page
from payments.admin.cancel_requests import AcceptCancelRequest, DeclineCancelRequest
from payments.admin.order_actions import AskGateway, ClearHold, Complete, Ship, StartPacking, TakeBackGoods
from payments.admin.order_endings import Cancel, ReleaseWithoutGateway
from payments.admin.who import sees_money
from payments.staff import lists
from shop.places import place_line

_SHIPPING = ("number_", "age_", "customer", "units_", "parcel_")
_EVERYTHING = ("number_", "age_", "customer", "units_", "total_", "money_", "status_")


@admin.register(Order)
class OrderAdmin(order_list.OrderCells, ActionAdmin[Order], ReadOnlyAdmin[Order]):
    """Orders as staff see them. The warehouse sees the paid ones, without their money."""

    object_actions = (
        StartPacking(),
        Ship(),
        Complete(),
        AskGateway(),
        TakeBackGoods(),
        ClearHold(),
        AcceptCancelRequest(),
        DeclineCancelRequest(),
        Cancel(),
        ReleaseWithoutGateway(),
    )
    list_display = _EVERYTHING
    list_display_links = ("number_",)
    list_filter = ("status", order_list.CourierFilter, order_list.CityFilter)
    list_filter_submit = True
    list_before_template = "admin/orders/order/tabs.html"
    search_fields = ("number",)
    search_help_text = "Nomor, e-mail, telepon, penerima, resi, atau ID Midtrans"
    date_hierarchy = "created_at"

    def get_urls(self) -> list[URLPattern]:
        """Add the packing slip."""
        slip = path("<int:object_id>/slip/", self.admin_site.admin_view(self.slip_view), name="orders_order_slip")
        return [slip, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        """Return what this person may see, with what a row needs."""
        orders = super().get_queryset(request)
        if not sees_money(request):
            orders = orders.filter(paid_at__isnull=False)
        return lists.with_facts(orders)

    def get_list_display(self, request: HttpRequest) -> Any:
        """Leave the money out for those who see none."""
        return _EVERYTHING if sees_money(request) else _SHIPPING

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[order_list.OrderChangeList]:
        """Return the list with its views."""
        return order_list.OrderChangeList

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
        context = {"staff_tabs": order_list.tabs(request), "orphans": 0}
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
            "media": self.media,
            **order_page.context(request, self.admin_site, order),
            "staff_buttons": self.buttons(request, order),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/orders/order/page.html", context)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The order has a history of its own, on its page; the admin's log knows nothing of it."""
        raise PermissionDenied

    def slip_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show what goes into the parcel and onto it, to print."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        order = self.get_object(request, str(object_id))
        if order is None:
            return self.not_there(request)
        context = {"order": order, "items": order.items.order_by("pk"), "place": place_line(order)}
        return TemplateResponse(request, "admin/orders/order/slip.html", context)
