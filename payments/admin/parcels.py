"""Pages of the order admin about many parcels: slips and labels to print, and a pasted list of resi."""

from __future__ import annotations

from typing import Any

import segno
from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString, mark_safe

from config.errors import InvalidInputError
from config.staff import ModelAdmin, StaffForm, actor_of
from orders.models import Order
from orders.states import OrderStatus
from payments.admin.order_actions import OrderAction
from payments.admin.order_forms import ReasonForm
from payments.staff import resi_list, ship_gate, still_paid
from shop.places import place_line

MAX_SLIPS = 100
MAX_TEXT = 20_000
EXAMPLE = "ORD-20261128-7K3Q9A, JNE, 0123456789012345\nORD-20261128-8A1ZZB, 0123456789012346"


class PasteForm(StaffForm):
    """The list."""

    text = forms.CharField(
        label="Daftar resi",
        max_length=MAX_TEXT,
        strip=False,
        help_text=(
            f"Satu pesanan satu baris: nomor pesanan, kurir (boleh dilewati), resi. Pemisah koma, titik koma atau tab; "
            f"paling banyak {resi_list.MAX_LINES} baris."
        ),
        error_messages={
            "required": "Tempel daftarnya: nomor pesanan dan resi, satu pesanan satu baris.",
            "max_length": f"Paling banyak {resi_list.MAX_LINES} baris sekaligus.",
        },
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false", "autocomplete": "off", "placeholder": EXAMPLE}),
    )


def slips(request: HttpRequest, orders: QuerySet[Order], *, unasked: bool = False) -> HttpResponse:
    """Show a slip and a label for each order that may leave, ready to print; the others with the reason.

    The gateway is asked about those whose money was not confirmed lately, unless an owner has decided otherwise
    (``unasked``, which is on record by then).
    """
    orders = orders.prefetch_related("items").order_by("pk")[:MAX_SLIPS]
    wanted = list(orders)
    refused = ship_gate.label_reasons(wanted)
    silent: dict[int, str] = {}
    leaving = [order for order in wanted if order.pk not in refused and order.status != OrderStatus.SHIPPED]
    if leaving and not unasked:
        silent = still_paid.confirm_money(leaving)
        wanted = list(orders.all())  # an answer may have changed any of them
        refused = silent | ship_gate.label_reasons(wanted)
    sheets = [
        {"order": order, "items": order.items.all(), "place": place_line(order), "code": picture_of(order.number)}
        for order in wanted
        if order.pk not in refused
    ]
    context = {
        "sheets": sheets,
        "refused": [(order, refused[order.pk]) for order in wanted if order.pk in refused],
        "title": f"Slip {wanted[0].number}" if len(wanted) == 1 else f"{len(sheets)} slip",
        "only": wanted[0] if len(wanted) == 1 else None,
        "may_print_unasked": {pk for pk in silent if request.user.has_perm(PrintUnasked.permissions[0])},
    }
    return TemplateResponse(request, "admin/orders/order/slip.html", context)


class PrintUnasked(OrderAction):
    """Print although the gateway does not answer: the owner's decision, found on the page that refused."""

    name = "cetak-tanpa-cek"
    label = "Cetak tanpa cek Midtrans"
    permissions = ("orders.clear_hold",)
    look = "danger"
    form_class = ReasonForm
    listed = False

    def refusal(self, obj: Order) -> str:
        if reason := ship_gate.why_no_label(obj):
            return reason
        return "" if still_paid.needs_asking(obj) else "Uangnya baru saja dicek di Midtrans: cetak saja seperti biasa."

    def explain(self, obj: Order) -> list[str]:
        return [
            "Midtrans belum memastikan bahwa uang pesanan ini masih ada. Bank dapat saja sudah menariknya kembali.",
            "Alasanmu dicatat di riwayat pesanan, lalu slip dan labelnya tampil untuk dicetak.",
        ]

    def run(self, obj: Order, data: dict[str, Any], request: HttpRequest) -> HttpResponse:
        still_paid.note_unconfirmed_print(order_id=obj.pk, reason=data["reason"], actor=actor_of(request))
        return slips(request, Order.objects.filter(pk=obj.pk), unasked=True)


def picture_of(number: str) -> SafeString:
    """Return an order number as a QR picture, so that a scanner finds the order again."""
    code = segno.make(number, error="m", micro=False)
    svg = code.svg_inline(scale=3, border=2, dark="#000", light="#fff", title=f"Kode QR {number}")
    return mark_safe(svg)  # noqa: S308 - made here of dark and light squares


def paste(page: ModelAdmin[Order], request: HttpRequest) -> HttpResponse:
    """Take a list of resi: first the verdict on every line, then, once confirmed, the parcels."""
    if not (page.has_view_permission(request) and request.user.has_perm("orders.ship_order")):
        raise PermissionDenied
    if request.method not in {"GET", "HEAD", "POST"}:
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    form = PasteForm(request.POST if request.method == "POST" else None)
    shown: dict[str, Any] = {"step": "paste"}
    if form.is_valid():
        text = form.cleaned_data["text"]
        try:
            lines = resi_list.read(text)
        except InvalidInputError as error:
            form.add_error("text", str(error))
        else:
            shown = _step(request, lines) | {"text": text}
    heading = {"paste": "Resi massal", "preview": "Periksa daftar resi", "done": "Hasil resi massal"}[shown["step"]]
    context = {
        **page.admin_site.each_context(request),
        "title": f"Kesalahan: {heading}" if form.errors else heading,
        "heading": heading,
        "opts": page.opts,
        "form": form,
        "media": form.media,
        **shown,
    }
    request.current_app = page.admin_site.name
    status = 400 if form.errors else 200
    return TemplateResponse(request, "admin/orders/order/resi.html", context, status=status)


def _step(request: HttpRequest, lines: list[resi_list.Line]) -> dict[str, Any]:
    mark = resi_list.fingerprint(lines)
    confirmed = request.POST.get("confirmed", "")
    good = sum(line.is_good for line in lines)
    if confirmed == mark and good:
        lines = resi_list.ship(lines, actor=actor_of(request))
        sent = sum(bool(line.outcome) for line in lines)
        return {"step": "done", "lines": lines, "good": sent, "bad": len(lines) - sent}
    return {
        "step": "preview",
        "lines": lines,
        "good": good,
        "bad": len(lines) - good,
        "mark": mark,
        "changed": bool(confirmed),
    }
