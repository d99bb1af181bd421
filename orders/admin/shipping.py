"""The shipping table that staff edit. Orders keep the price and the service they were placed with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from config.staff import EditableAdmin, TabularInline
from config.staff.history import ReadableHistory
from config.staff.show import badge, in_one_piece, money, number
from orders.models import ProvinceZone, ShippingMethod, ShippingRate, ShippingZone
from shop.provinces import PROVINCES

if TYPE_CHECKING:
    from django.forms import ModelForm, Select

    RateBase = ModelForm[ShippingRate]
    ProvinceBase = ModelForm[ProvinceZone]
else:
    from django.forms import ModelForm
    from unfold.widgets import UnfoldAdminSelectWidget as Select

    RateBase = ProvinceBase = ModelForm


class RateForm(RateBase):
    """One price; the fastest day comes before the slowest."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        fastest, slowest = cleaned.get("min_days"), cleaned.get("max_days")
        if fastest is not None and slowest is not None and fastest > slowest:
            raise ValidationError({"max_days": "Terlama harus sama dengan atau lebih dari tercepat."})
        if cleaned.get("max_weight") == 0:
            raise ValidationError({"max_weight": "Berat paling banyak harus lebih dari 0 gram."})
        return cleaned


class RateInline(TabularInline[ShippingRate, Any]):
    """The prices of a service, one line a zone."""

    model = ShippingRate
    form = RateForm
    extra = 0
    fields = ("zone", "first_kg", "next_kg", "max_weight", "min_days", "max_days")


@admin.register(ShippingMethod)
class ShippingMethodAdmin(ReadableHistory, EditableAdmin[ShippingMethod]):
    """A courier's service with its prices."""

    list_display = ("__str__", "code", "active_badge", "position", "rate_count")
    fields = (("courier", "service"), ("code", "position"), "is_active")
    inlines = (RateInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ShippingMethod]:
        """Count the zones in the same query."""
        rows: QuerySet[ShippingMethod] = super().get_queryset(request).annotate(rate_count_=Count("rates"))
        return rows

    @admin.display(description="dipakai", ordering="is_active")
    def active_badge(self, method: ShippingMethod) -> SafeString:
        """Say whether customers can choose it."""
        return badge("Dipakai", "dibayar", "check") if method.is_active else badge("Tidak dipakai", "selesai", "x")

    @admin.display(description="zona", ordering="rate_count_")
    def rate_count(self, method: ShippingMethod) -> SafeString:
        """Return how many zones it reaches."""
        return number(getattr(method, "rate_count_", 0))


class ProvinceForm(ProvinceBase):
    """A province from the list, so that no address misses its zone by a spelling."""

    class Meta:
        model = ProvinceZone
        fields = ("province", "zone")
        error_messages = {"province": {"unique": "Provinsi ini sudah masuk zona lain."}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = self.instance.province
        names = {name.upper(): name for name in PROVINCES}
        # Rows may be spelled in capitals; what is stored stays choosable as it is.
        choices = [(stored if stored.upper() == key else name.upper(), name) for key, name in names.items()]
        self.fields["province"].widget = Select(
            attrs={"aria-label": "Provinsi"}, choices=[("", "Pilih provinsi"), *choices]
        )


class ProvinceInline(TabularInline[ProvinceZone, Any]):
    """The provinces of a zone."""

    model = ProvinceZone
    form = ProvinceForm
    extra = 0
    fields = ("province",)


@admin.register(ShippingZone)
class ShippingZoneAdmin(ReadableHistory, EditableAdmin[ShippingZone]):
    """Provinces that cost the same."""

    list_display = ("name", "province_count")
    fields = ("name",)
    inlines = (ProvinceInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ShippingZone]:
        """Count the provinces in the same query."""
        rows: QuerySet[ShippingZone] = super().get_queryset(request).annotate(province_count_=Count("provinces"))
        return rows

    @admin.display(description="provinsi", ordering="province_count_")
    def province_count(self, zone: ShippingZone) -> SafeString:
        """Return how many provinces belong to it."""
        return number(getattr(zone, "province_count_", 0))


@admin.register(ShippingRate)
class ShippingRateAdmin(ReadableHistory, EditableAdmin[ShippingRate]):
    """All prices side by side."""

    form = RateForm
    list_display = ("__str__", "first", "further", "heaviest", "days")
    list_filter = ("method", "zone")
    list_select_related = ("method", "zone")
    ordering = ("method__position", "zone__name")
    fields = (("method", "zone"), ("first_kg", "next_kg"), "max_weight", ("min_days", "max_days"))

    @admin.display(description="kilogram pertama", ordering="first_kg")
    def first(self, rate: ShippingRate) -> SafeString:
        """Return the price of the first kilogram."""
        return money(rate.first_kg)

    @admin.display(description="kilogram berikutnya", ordering="next_kg")
    def further(self, rate: ShippingRate) -> SafeString:
        """Return the price of each further one."""
        return money(rate.next_kg)

    @admin.display(description="berat paling banyak", ordering="max_weight")
    def heaviest(self, rate: ShippingRate) -> SafeString:
        """Return the heaviest parcel that it takes."""
        return in_one_piece(f"{rate.max_weight / 1000:g} kg".replace(".", ","))

    @admin.display(description="lama")
    def days(self, rate: ShippingRate) -> str:
        """Return how long it takes."""
        return f"{rate.min_days}–{rate.max_days} hari"
