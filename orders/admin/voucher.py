"""Vouchers as staff make them, and who used them. What an order was promised stays with the order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.staff import EditableAdmin, ReadOnlyAdmin
from config.staff.history import ReadableHistory
from config.staff.show import NOTHING, badge, link, money, when
from orders.models import Voucher, VoucherUse
from orders.pricing import VoucherKind
from orders.services.vouchers import normal_code

if TYPE_CHECKING:
    from django.forms import ModelForm

    VoucherBase = ModelForm[Voucher]
else:
    from django.forms import ModelForm as VoucherBase

USED = "Voucher ini sudah pernah dipakai, jadi disimpan. Hilangkan centang “aktif” saja."
# What each kind needs, and which boxes it leaves empty.
_NEEDS: dict[str, str] = {VoucherKind.PERCENT: "percent", VoucherKind.FIXED: "amount"}
_EMPTY: dict[str, tuple[str, ...]] = {
    VoucherKind.PERCENT: ("amount",),
    VoucherKind.FIXED: ("percent", "most"),
    VoucherKind.SHIPPING: ("percent", "amount"),
}


class VoucherForm(VoucherBase):
    """A voucher: its boxes fit its kind, and its limit is not below what is used already."""

    def clean_code(self) -> str:
        """Take the code in capitals, without blanks."""
        return normal_code(self.cleaned_data["code"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        kind = str(cleaned.get("kind") or self.instance.kind)
        needed = _NEEDS.get(kind)
        if needed is not None and not cleaned.get(needed) and needed not in self.errors:
            self.add_error(needed, "Isi ini untuk jenis voucher yang dipilih.")
        for name in _EMPTY.get(kind, ()):
            if cleaned.get(name) is not None:
                self.add_error(name, "Kosongkan ini untuk jenis voucher yang dipilih.")
        if cleaned.get("most") == 0:
            self.add_error("most", "Isi lebih dari 0, atau kosongkan.")
        self._check_times_and_limits(cleaned)
        return cleaned

    def _check_times_and_limits(self, cleaned: dict[str, Any]) -> None:
        starts, ends, limit = (cleaned.get(name) for name in ("starts_at", "ends_at", "total_limit"))
        if starts and ends and ends <= starts:
            self.add_error("ends_at", "Berakhir harus sesudah mulai berlaku.")
        if limit is not None and limit < self.instance.used:
            self.add_error("total_limit", f"Voucher ini sudah terpakai {self.instance.used} kali.")


@admin.register(Voucher)
class VoucherAdmin(ReadableHistory, EditableAdmin[Voucher]):
    """The codes, what they give, and how often they are used."""

    form = VoucherForm
    list_display = ("code", "gives", "period", "usage", "state_badge")
    list_filter = ("is_active", "kind")
    search_fields = ("code", "note")
    search_help_text = "Kode atau catatan"
    fields = (
        ("code", "is_active"),
        "kind",
        ("percent", "amount"),
        "most",
        "min_subtotal",
        "starts_at",
        "ends_at",
        ("total_limit", "customer_limit"),
        "note",
        "usage",
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Voucher | None = None) -> tuple[str, ...]:
        """Keep code and kind once somebody used it: his order names them."""
        return ("usage", "code", "kind") if obj is not None and _was_used(obj) else ("usage",)

    @admin.display(description="isi", ordering="kind")
    def gives(self, voucher: Voucher) -> str:
        """Return the rule in words."""
        return voucher.rule.words

    @admin.display(description="berlaku", ordering="starts_at")
    def period(self, voucher: Voucher) -> SafeString:
        """Return from when to when."""
        until = format_html(" sampai {}", when(voucher.ends_at)) if voucher.ends_at else ""
        return format_html("{}{}", when(voucher.starts_at), until)

    @admin.display(description="terpakai", ordering="used")
    def usage(self, voucher: Voucher) -> str | SafeString:
        """Return how often it is used, with the way to the orders."""
        if voucher._state.adding:
            return NOTHING
        limit = "tanpa batas" if voucher.total_limit is None else f"dari {voucher.total_limit}"
        url = f"{reverse('admin:orders_voucheruse_changelist')}?voucher__id__exact={voucher.pk}"
        return format_html('<a class="st-link st-nowrap" href="{}">{} {}</a>', url, voucher.used, limit)

    @admin.display(description="keadaan")
    def state_badge(self, voucher: Voucher) -> SafeString:
        """Say whether a customer could use it now."""
        now = timezone.now()
        if not voucher.is_active:
            return badge("Tidak aktif", "selesai", "x")
        if voucher.ends_at is not None and voucher.ends_at <= now:
            return badge("Sudah berakhir", "selesai", "x")
        if voucher.is_used_up:
            return badge("Habis", "batal", "x")
        if voucher.starts_at > now:
            return badge("Belum mulai", "menunggu", "clock")
        return badge("Berlaku", "dibayar", "check")

    def save_model(self, request: HttpRequest, obj: Voucher, form: Any, change: bool) -> None:
        """Write only what was edited: the count moves while somebody edits the rule."""
        if not change:
            super().save_model(request, obj, form, change)
        elif form.changed_data:
            obj.save(update_fields=form.changed_data)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Delete a voucher that was made by mistake; one that was ever used stays."""
        voucher = self.get_object(request, object_id)
        if voucher is not None and self.has_delete_permission(request, voucher) and _was_used(voucher):
            self.message_user(request, USED, "WARNING")
            return HttpResponseRedirect(reverse("admin:orders_voucher_change", args=[voucher.pk]))
        return super().delete_view(request, object_id, extra_context)


def _was_used(voucher: Voucher) -> bool:
    return voucher.uses.exists()


@admin.register(VoucherUse)
class VoucherUseAdmin(ReadOnlyAdmin[VoucherUse]):
    """Which order used which voucher."""

    list_display = ("order_", "voucher_", "customer", "amount_", "time", "state_badge")
    list_display_links = ("time",)  # the first two lead elsewhere
    list_filter = ("over_limit", ("voucher", admin.RelatedOnlyFieldListFilter))
    search_fields = ("=order__number", "=voucher__code", "=order__email")
    search_help_text = "Nomor pesanan, kode voucher, atau e-mail"
    list_select_related = ("order", "voucher")
    ordering = ("-pk",)
    fields = ("order_", "voucher_", "rule", "customer", "amount_", "time", "state_badge", "returned")
    readonly_fields = fields

    @admin.display(description="pesanan")
    def order_(self, use: VoucherUse) -> SafeString:
        """Lead to the order."""
        return link(use.order.number, "orders_order_change", use.order_id)

    @admin.display(description="voucher", ordering="voucher")
    def voucher_(self, use: VoucherUse) -> SafeString:
        """Lead to the voucher."""
        return link(use.voucher.code, "orders_voucher_change", use.voucher_id)

    @admin.display(description="aturan waktu dipakai")
    def rule(self, use: VoucherUse) -> str:
        """Return the rule as it was."""
        return use.order.voucher_rule

    @admin.display(description="pelanggan")
    def customer(self, use: VoucherUse) -> str:
        """Return who ordered."""
        return f"{use.order.recipient}, {use.order.email}"

    @admin.display(description="potongan", ordering="amount")
    def amount_(self, use: VoucherUse) -> SafeString:
        """Return what it took off."""
        return money(use.amount)

    @admin.display(description="dipakai", ordering="pk")
    def time(self, use: VoucherUse) -> SafeString:
        """Return when."""
        return when(use.used_at)

    @admin.display(description="dikembalikan")
    def returned(self, use: VoucherUse) -> SafeString:
        """Return when it was given back."""
        return when(use.given_back_at)

    @admin.display(description="keadaan")
    def state_badge(self, use: VoucherUse) -> SafeString:
        """Say whether the use stands."""
        if use.given_back_at is not None:
            return badge("Dikembalikan", "selesai", "rotate-ccw")
        if use.over_limit:
            return badge("Melebihi batas", "batal", "triangle-alert")
        return badge("Terpakai", "dibayar", "check")
