"""The list of orders: tabs, filters, search, and what a row shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import MAXYEAR, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from config.staff.show import age, badge, in_one_piece, money, number, short_time
from config.staff.tables import StaffChangeList
from orders.models import Order, ShippingMethod
from payments.admin.cells import PAYMENT_TYPES, shown
from payments.admin.who import sees_money
from payments.instructions import method_name
from payments.models import PaymentTransaction
from payments.staff import lists, words
from shop.places import short_name

if TYPE_CHECKING:
    from django.contrib.admin import FieldListFilter as RangeDateFilter
    from django.contrib.admin import SimpleListFilter as TextFilter
else:
    from unfold.contrib.filters.admin import RangeDateFilter, TextFilter

VIEW = "tampilan"
EVERYTHING = "semua"


@dataclass(frozen=True)
class Tab:
    """One view as it stands over the list."""

    key: str
    label: str
    url: str
    is_current: bool
    count: str = ""


@dataclass(frozen=True)
class View:
    """What a tab shows: its orders (None: all of them) and how many there are, where that is counted."""

    label: str
    orders: QuerySet[Order] | None = None
    number: int | None = None

    @property
    def count(self) -> str:
        """Return the number as far as it is counted."""
        if self.number is None:
            return ""
        return f"{lists.COUNT_LIMIT - 1}+" if self.number >= lists.COUNT_LIMIT else str(self.number)


def views_for(request: HttpRequest) -> dict[str, View]:
    """Return the views that this person has, the first being the one shown without asking.

    Read once per request: two queries, one for those who see no money.
    """
    known: dict[str, View] | None = getattr(request, "order_views", None)
    if known is None:
        known = _read_views(with_money=sees_money(request))
        request.order_views = known  # type: ignore[attr-defined]
    return known


def _read_views(*, with_money: bool) -> dict[str, View]:
    parts = {"kirim": lists.to_ship()} | ({"menunggu": lists.to_be_paid()} if with_money else {})
    counts = lists.counts(parts)
    ship = View("Perlu dikirim", parts["kirim"], counts["kirim"])
    if not with_money:
        return {"kirim": ship, EVERYTHING: View("Semua")}
    attention = lists.attention_ids()
    return {
        EVERYTHING: View("Semua"),
        "kirim": ship,
        "menunggu": View("Menunggu bayar", parts["menunggu"], counts["menunggu"]),
        "perhatian": View("Perlu perhatian", Order.objects.filter(pk__in=attention), len(attention)),
    }


def chosen_view(request: HttpRequest) -> str:
    """Return the view asked for, or the person's own first one. A search looks everywhere."""
    views = views_for(request)
    asked = request.GET.get(VIEW, "")
    if asked in views:
        return asked
    return EVERYTHING if request.GET.get("q") else next(iter(views))


def tabs(request: HttpRequest) -> list[Tab]:
    """Return the tabs."""
    current = chosen_view(request)
    return [
        Tab(key, view.label, f"?{VIEW}={key}", key == current, view.count) for key, view in views_for(request).items()
    ]


class OrderChangeList(StaffChangeList):
    """A list of one view; the view is in the address, not among the filters."""

    def get_filters_params(self, params: Any = None) -> Any:
        """Keep the view out of the lookups."""
        found = super().get_filters_params(params)
        found.pop(VIEW, None)
        return found

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """Return the rows of the view that the filters leave."""
        rows = super().get_queryset(request, exclude_parameters)
        part = views_for(request)[chosen_view(request)].orders
        return rows if part is None else rows & part


class PlacedFilter(RangeDateFilter):
    """Placed from one day to another, both whole, in WIB. (The theme's own ends where the last day begins.)"""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        first, last = self._day("from"), self._day("to")
        if first is not None:
            queryset = queryset.filter(created_at__gte=first)
        if last is not None:
            queryset = queryset.filter(created_at__lt=last + timedelta(days=1))
        return queryset

    def _day(self, end: str) -> datetime | None:
        """Return the beginning of the day asked for; what is no day asks for nothing."""
        text = self.used_parameters.get(f"{self.field_path}_{end}")
        try:
            day = forms.DateField(required=False, localize=True).clean(text)
        except ValidationError:
            return None
        return timezone.make_aware(datetime.combine(day, time.min)) if day and 1 < day.year < MAXYEAR else None


class PaidByFilter(admin.SimpleListFilter):
    """How a transaction of the order was paid, or is about to be."""

    title = "cara bayar"
    parameter_name = "cara-bayar"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(code, method_name({}, code)) for code in PAYMENT_TYPES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        if not self.value():
            return queryset
        rows = PaymentTransaction.objects.filter(payment__order=OuterRef("pk"), payment_type=self.value())
        return queryset.filter(Exists(rows))


class CourierFilter(admin.SimpleListFilter):
    """The service that the customer chose."""

    title = "layanan kirim"
    parameter_name = "kurir"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(method.code, str(method)) for method in ShippingMethod.objects.order_by("position", "code")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        return queryset.filter(shipping_method=self.value()) if self.value() else queryset


class CityFilter(TextFilter):
    """Where it goes."""

    title = "kota"
    parameter_name = "kota"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        city = (self.value() or "").strip()
        return queryset.filter(city__icontains=city) if city else queryset


class OrderCells:
    """What a row shows; needs ``lists.with_facts``."""

    @admin.display(description="nomor", ordering="number")
    def number_(self, order: Order) -> SafeString:
        """Return the number in one piece."""
        return in_one_piece(order.number)

    @admin.display(description="umur", ordering="pk")
    def age_(self, order: Order) -> SafeString:
        """Return how old the order is, with its time."""
        return format_html(
            '<span class="st-cell st-nowrap">{}<span class="st-muted st-small">{}</span></span>',
            age(order.created_at),
            short_time(order.created_at),
        )

    @admin.display(description="pelanggan")
    def customer(self, order: Order) -> SafeString:
        """Return who gets it, where, and by which service."""
        where = f"{short_name(order.city)} · {order.courier}"
        return format_html(
            '<span class="st-cell"><span class="st-name">{}</span><span class="st-muted st-small">{}</span></span>',
            order.recipient,
            where,
        )

    @admin.display(description="barang")
    def units_(self, order: Order) -> SafeString:
        """Return the number of units."""
        return number(getattr(order, "units", 0))

    @admin.display(description="total", ordering="total")
    def total_(self, order: Order) -> SafeString:
        """Return the sum."""
        return money(order.total)

    @admin.display(description="pembayaran")
    def money_(self, order: Order) -> SafeString:
        """Return where the money stands."""
        return shown(words.money_badge(order))

    @admin.display(description="status", ordering="status")
    def status_(self, order: Order) -> SafeString:
        """Return where the goods stand, and why somebody has to look."""
        return self._status(order, words.attention(order))

    @admin.display(description="status", ordering="status")
    def parcel_(self, order: Order) -> SafeString:
        """Return the same for those who see no money."""
        return self._status(order, words.attention(order, with_money=False))

    def _status(self, order: Order, reasons: list[str]) -> SafeString:
        badges = [shown(words.STATUS[order.status])]
        badges += [badge(reason, "batal", "triangle-alert") for reason in reasons]
        return format_html('<span class="st-stack">{}</span>', format_html_join("", "{}", ((one,) for one in badges)))
