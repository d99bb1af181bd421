"""Stock counts: open one, enter what is found SKU by SKU, look at the differences, apply them in one step."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString

from config.staff import ActionAdmin, Done, ObjectAction, ReadOnlyAdmin, StaffForm, actor_of
from config.staff.show import Tone, badge, number, when, who
from shop.models import CountState, StockCount, StockCountLine
from shop.services import counts
from shop.staff import sold_and_still_here

_STATES: dict[str, tuple[Tone, str]] = {
    CountState.OPEN: ("menunggu", "clock"),
    CountState.APPLIED: ("dibayar", "check"),
    CountState.CANCELLED: ("batal", "x"),
}
SHOWN = 500


class EntryForm(StaffForm):
    """One SKU and how many of it lie there; made for a scanner that types and presses Enter."""

    sku = forms.CharField(
        label="SKU",
        max_length=40,
        help_text="Ketik atau pindai.",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "autofocus": True},
        ),
    )
    counted = forms.IntegerField(
        label="Jumlah yang ada",
        min_value=0,
        max_value=counts.MAX_UNITS,
        help_text="Barang pesanan lunas yang belum dikirim tidak ikut, juga yang masih di rak.",
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "step": "1", "autocomplete": "off"}),
    )


class CancelForm(StaffForm):
    """Why."""

    reason = forms.CharField(
        label="Alasan",
        max_length=150,
        error_messages={"required": "Tulis alasannya."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class CountAction(ObjectAction[StockCount]):
    """What all of them have in common: only while the count is open."""

    permissions = ("shop.adjust_stock",)

    def refusal(self, obj: StockCount) -> str:
        return "" if obj.state == CountState.OPEN else f"Opname ini sudah {CountState(obj.state).label.lower()}."


class Enter(CountAction):
    """Write down one SKU; the page comes again for the next."""

    name = "hitung"
    label = "Masukkan hitungan"
    look = "main"
    form_class = EntryForm

    def lands_on(self, obj: StockCount) -> str:
        return reverse(f"admin:shop_stockcount_{self.name}", args=[obj.pk])

    def explain(self, obj: StockCount) -> list[str]:
        return [
            f"{obj.title}: {obj.lines.count()} SKU sudah dihitung. Angka di buku sengaja tidak ditampilkan.",
            "SKU yang dimasukkan lagi menggantikan hitungan sebelumnya.",
        ]

    def run(self, obj: StockCount, data: dict[str, Any], request: HttpRequest) -> Done:
        line, earlier = counts.enter(count_id=obj.pk, sku=data["sku"], counted=data["counted"], actor=actor_of(request))
        change = f" (sebelumnya {earlier})" if earlier is not None else ""
        told = f"{line.variant.sku} {line.variant.product.name}: {line.counted}{change}."
        if unsent := sold_and_still_here(line.variant_id):
            told += f" Pastikan {unsent} unit yang lunas dan belum dikirim tidak ikut terhitung."
        return Done(told)


class Apply(CountAction):
    """Move the books by the differences."""

    name = "terapkan"
    label = "Terapkan selisih"
    look = "danger"

    def seen(self, obj: StockCount) -> str:
        return counts.fingerprint(obj)

    def is_stale(self, obj: StockCount, data: dict[str, Any]) -> bool:
        return False  # the service compares under its lock, and says what changed

    def refusal(self, obj: StockCount) -> str:
        return super().refusal(obj) or ("" if obj.lines.exists() else "Belum ada yang dihitung.")

    def explain(self, obj: StockCount) -> list[str]:
        wrong = [line for line in obj.lines.all() if line.difference]
        more, less = (sum(max(0, sign * line.difference) for line in wrong) for sign in (1, -1))
        return [
            f"{obj.lines.count()} SKU dihitung, {len(wrong)} berselisih: {more} unit lebih, {less} unit kurang.",
            "Yang ditambah atau dikurangi hanya selisihnya: penjualan dan barang masuk sejak dihitung tetap berlaku.",
            "Semua selisih dicatat sekaligus dan selamanya, bersama namamu.",
        ]

    def run(self, obj: StockCount, data: dict[str, Any], request: HttpRequest) -> Done:
        movements = counts.apply(count_id=obj.pk, seen=data["seen"], actor=actor_of(request))
        return Done(f"Opname {obj.title} diterapkan: {len(movements)} SKU dikoreksi.")


class Cancel(CountAction):
    """Close it without touching the books."""

    name = "batalkan"
    label = "Batalkan opname"
    form_class = CancelForm

    def explain(self, obj: StockCount) -> list[str]:
        return [f"{obj.lines.count()} hitungan disimpan untuk dibaca, tetapi stok tidak berubah."]

    def run(self, obj: StockCount, data: dict[str, Any], request: HttpRequest) -> Done:
        counts.cancel(count_id=obj.pk, reason=data["reason"], actor=actor_of(request))
        return Done(f"Opname {obj.title} dibatalkan.")


@admin.register(StockCount)
class StockCountAdmin(ActionAdmin[StockCount], ReadOnlyAdmin[StockCount]):
    """Rounds of counting."""

    object_actions = (Enter(), Apply(), Cancel())
    change_form_outer_after_template = "admin/shop/stockcount/after.html"
    list_display = ("title", "state_badge", "line_count", "opened", "opener", "closed")
    list_filter = ("state",)
    search_fields = ("title", "opened_by", "lines__variant__sku")
    search_help_text = "Nama, siapa, atau SKU yang dihitung"
    readonly_fields = ("state_badge", "opened", "opener", "closed", "closer", "reason")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever may change the stock may count it."""
        return request.user.has_perm("shop.adjust_stock")

    def get_fields(self, request: HttpRequest, obj: StockCount | None = None) -> tuple[str, ...]:
        """Ask for the name; show the rest."""
        return ("title",) if obj is None else ("title", *self.readonly_fields)

    def get_queryset(self, request: HttpRequest) -> QuerySet[StockCount]:
        """Count the lines in the same query."""
        rows: QuerySet[StockCount] = super().get_queryset(request).annotate(line_count_=Count("lines"))
        return rows

    def save_model(self, request: HttpRequest, obj: StockCount, form: Any, change: bool) -> None:
        """Open a count through the service."""
        made = counts.open_count(title=form.cleaned_data["title"], actor=actor_of(request))
        obj.pk, obj.opened_by, obj.opened_at = made.pk, made.opened_by, made.opened_at

    def response_add(self, request: HttpRequest, obj: StockCount, post_url_continue: str | None = None) -> HttpResponse:
        """Go on to the first number."""
        self.message_user(request, f"Opname {obj.title} dibuka.")
        return HttpResponseRedirect(reverse("admin:shop_stockcount_hitung", args=[obj.pk]))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show the count with its numbers: the differences first, then what agrees."""
        context = dict(extra_context or {})
        if object_id is not None and object_id.isdecimal() and (count := self.get_object(request, object_id)):
            lines = StockCountLine.objects.filter(count=count).select_related("variant__product")[:SHOWN]
            context["count"] = count
            context["lines"] = sorted(lines, key=lambda line: (-abs(line.difference), line.variant.sku))
        return super().changeform_view(request, object_id, form_url, context)

    @admin.display(description="keadaan", ordering="state")
    def state_badge(self, count: StockCount) -> SafeString:
        """Return the state as a badge."""
        tone, icon = _STATES[count.state]
        return badge(CountState(count.state).label, tone, icon)

    @admin.display(description="SKU dihitung")
    def line_count(self, count: StockCount) -> SafeString:
        """Return how many SKUs were counted."""
        return number(getattr(count, "line_count_", 0))

    @admin.display(description="dibuka", ordering="pk")
    def opened(self, count: StockCount) -> SafeString:
        """Return when it began."""
        return when(count.opened_at)

    @admin.display(description="oleh", ordering="opened_by")
    def opener(self, count: StockCount) -> str:
        """Return who began it."""
        return who(count.opened_by)

    @admin.display(description="ditutup", ordering="closed_at")
    def closed(self, count: StockCount) -> SafeString:
        """Return when it was applied or cancelled."""
        return when(count.closed_at)

    @admin.display(description="ditutup oleh")
    def closer(self, count: StockCount) -> str:
        """Return who applied or cancelled it."""
        return who(count.closed_by) if count.closed_by else "–"
