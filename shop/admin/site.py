"""Opening and closing the shop."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString

from config.staff import ActionAdmin, Done, ObjectAction, ReadOnlyAdmin, StaffForm, staff_id
from config.staff.show import badge, when
from shop.models import SiteState
from shop.services.site import close_shop, open_shop, site_state

admin.site.index_title = "Beranda"


class ReasonForm(StaffForm):
    """Why, for colleagues."""

    reason = forms.CharField(
        label="Alasan",
        max_length=200,
        help_text="Dibaca rekan kerja di halaman ini, misalnya “opname gudang”.",
        error_messages={"required": "Tulis alasannya."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class SiteAction(ObjectAction[SiteState]):
    """What both have in common."""

    permissions = ("shop.change_sitestate",)

    def seen(self, obj: SiteState) -> str:
        return f"{obj.is_open}"

    def _log(self, request: HttpRequest, text: str) -> None:
        # The row has no actor of its own; the log of the admin has.
        rows = SiteState.objects.filter(pk=1)
        LogEntry.objects.log_actions(staff_id(request), rows, CHANGE, change_message=text, single_object=True)


class CloseShop(SiteAction):
    """Stop checkout and payment."""

    name = "tutup"
    label = "Tutup toko"
    look = "danger"
    form_class = ReasonForm

    def refusal(self, obj: SiteState) -> str:
        return "" if obj.is_open else "Toko sudah tutup."

    def explain(self, obj: SiteState) -> list[str]:
        return [
            "Pelanggan tetap dapat melihat barang, tetapi tidak dapat memesan atau memulai pembayaran baru.",
            "Pembayaran yang sudah berjalan tetap diterima; pembatalan dan pengembalian dana tetap jalan.",
        ]

    def run(self, obj: SiteState, data: dict[str, Any], request: HttpRequest) -> Done:
        close_shop(reason=data["reason"])
        self._log(request, f"Toko ditutup: {data['reason']}")
        return Done("Toko ditutup.")


class OpenShop(SiteAction):
    """Let customers order again."""

    name = "buka"
    label = "Buka toko"
    look = "main"

    def refusal(self, obj: SiteState) -> str:
        return "Toko sudah dibuka." if obj.is_open else ""

    def explain(self, obj: SiteState) -> list[str]:
        said = ["Pelanggan dapat memesan dan membayar lagi.", f"Ditutup dengan alasan: {obj.reason}."]
        if obj.sweep_since is not None:
            said.append("Selama pembayaran sejak pemulihan cadangan masih diperiksa, toko tetap menolak pesanan.")
        return said

    def run(self, obj: SiteState, data: dict[str, Any], request: HttpRequest) -> Done:
        open_shop()
        self._log(request, "Toko dibuka")
        return Done("Toko dibuka." if obj.sweep_since is None else "Toko dibuka begitu pemeriksaan pembayaran selesai.")


@admin.register(SiteState)
class SiteStateAdmin(ActionAdmin[SiteState], ReadOnlyAdmin[SiteState]):
    """The one row, as a page with a button."""

    object_actions = (OpenShop(), CloseShop())
    fields = ("state", "reason", "changed", "sweep")
    readonly_fields = fields

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Lead to the one row."""
        return HttpResponseRedirect(reverse("admin:shop_sitestate_change", args=[1]))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> SiteState | None:
        """Return the row, also before anything was ever closed."""
        return site_state() if object_id == "1" else None

    @admin.display(description="toko")
    def state(self, site: SiteState) -> SafeString:
        """Say whether customers can order now."""
        if site.takes_orders:
            return badge("Terbuka", "dibayar", "check")
        if site.is_open:
            return badge("Tutup: pembayaran sedang diperiksa", "menunggu", "clock")
        return badge("Tutup", "batal", "lock")

    @admin.display(description="berubah")
    def changed(self, site: SiteState) -> SafeString:
        """Return when it last changed."""
        return when(site.changed_at)

    @admin.display(description="pemeriksaan pembayaran sejak")
    def sweep(self, site: SiteState) -> SafeString:
        """Return from when on payments must be asked about after a restored backup."""
        return when(site.sweep_since)
