"""The buttons of an order that move it along or look after it; those that end it are in ``order_endings``."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest

from config.staff import Done, ObjectAction, actor_of
from config.staff.actions import Look
from orders.models import Order
from orders.services import clear_hold, complete_order, ship_order, start_processing, write_note
from orders.states import OrderStatus
from payments.admin.order_forms import NoteForm, ReasonForm, ReturnForm, ShipForm
from payments.admin.sentences import nobody_asked
from payments.errors import GatewayError
from payments.services import check_order
from payments.staff import ship_gate
from payments.staff.returns import LEFT_THE_HOUSE, receive_goods_back
from shop.places import place_line

S = OrderStatus


class OrderAction(ObjectAction[Order]):
    """What all of them have in common: the page they were begun on showed this status, this hold, this closing."""

    def seen(self, obj: Order) -> str:
        return f"{obj.status}|{obj.status_at.isoformat()}|{obj.closing_at or ''}|{obj.payment_hold}"

    def wrong_status(self, obj: Order, *allowed: OrderStatus) -> str:
        """Return the sentence for an order in another status than ``allowed``."""
        if obj.status in allowed:
            return ""
        return f"“{self.label}” tidak berlaku lagi: status pesanan sekarang {S(obj.status).label}."


class WarehouseAction(OrderAction):
    """What may only be done with paid, whole and undisputed orders."""

    permissions = ("orders.ship_order",)

    def not_ready(self, obj: Order) -> str:
        """Return why the parcel may not be packed or leave."""
        return ship_gate.why_not(obj)


class StartPacking(WarehouseAction):
    """PAID -> PROCESSING."""

    name = "mulai-kemas"
    label = "Mulai kemas"
    look = "main"

    def refusal(self, obj: Order) -> str:
        return self.wrong_status(obj, S.PAID) or self.not_ready(obj)

    def explain(self, obj: Order) -> list[str]:
        return [f"Pesanan {obj.number} ditandai sedang dikemas. Rekan lain melihat bahwa pesanan ini sudah dipegang."]

    def run(self, obj: Order, data: dict[str, Any], request: HttpRequest) -> Done:
        start_processing(order_id=obj.pk, actor=actor_of(request), objection=ship_gate.why_not)
        return Done(f"Pesanan {obj.number} sedang dikemas.")


class Ship(WarehouseAction):
    """PAID or PROCESSING -> SHIPPED, with a parcel."""

    name = "kirim"
    label = "Tandai dikirim"

    def look_for(self, obj: Order) -> Look:
        return "main" if obj.status == S.PROCESSING else "quiet"

    def refusal(self, obj: Order) -> str:
        return self.wrong_status(obj, S.PAID, S.PROCESSING) or self.not_ready(obj)

    def explain(self, obj: Order) -> list[str]:
        told = [f"Pelanggan mendapat e-mail dengan nomor resi. Tujuan: {obj.recipient}, {place_line(obj)}."]
        if getattr(obj, "asks_cancel", False):
            told.insert(0, "Pelanggan minta pesanan ini dibatalkan. Mengirimnya menggugurkan permintaan itu.")
        return told

    def form(self, obj: Order, data: Any = None) -> ShipForm:
        return ShipForm(obj, data, initial={"seen": self.seen(obj)})

    def run(self, obj: Order, data: dict[str, Any], request: HttpRequest) -> Done:
        shipment = ship_order(
            order_id=obj.pk,
            courier=data["courier"],
            tracking_number=data["tracking_number"],
            actor=actor_of(request),
            objection=ship_gate.why_not,
        )
        return Done(f"Pesanan {obj.number} dikirim dengan {shipment}.")


class Complete(OrderAction):
    """SHIPPED -> COMPLETED."""

    name = "selesai"
    label = "Tandai selesai"
    permissions = ("orders.ship_order",)
    look = "main"

    def refusal(self, obj: Order) -> str:
        return self.wrong_status(obj, S.SHIPPED)

    def explain(self, obj: Order) -> list[str]:
        return ["Paket sudah sampai di tangan pelanggan, dan pesanan ini tidak perlu diikuti lagi."]

    def run(self, obj: Order, data: dict[str, Any], request: HttpRequest) -> Done:
        complete_order(order_id=obj.pk, actor=actor_of(request))
        return Done(f"Pesanan {obj.number} selesai.")


class TakeBackGoods(OrderAction):
    """Goods of a shipped order return to the shelf; status and money stay."""

    name = "barang-kembali"
    label = "Terima barang kembali"
    permissions = ("shop.adjust_stock",)

    def seen(self, obj: Order) -> str:
        return obj.status  # the return's number is what keeps it from being booked twice

    def refusal(self, obj: Order) -> str:
        return self.wrong_status(obj, *LEFT_THE_HOUSE)

    def explain(self, obj: Order) -> list[str]:
        return [
            "Barang yang layak jual masuk lagi ke stok, paling banyak sebanyak yang terjual.",
            "Uangnya tidak ikut kembali; itu lewat “Kembalikan dana”.",
        ]

    def form(self, obj: Order, data: Any = None) -> ReturnForm:
        return ReturnForm(obj, data, initial={"seen": self.seen(obj)})

    def run(self, obj: Order, data: dict[str, Any], request: HttpRequest) -> Done:
        prefix = "units_"
        units = receive_goods_back(
            order_id=obj.pk,
            quantities={int(k.removeprefix(prefix)): n for k, n in data.items() if k.startswith(prefix) and n},
            reference=data["reference"],
            reason=data["reason"],
            actor=actor_of(request),
        )
        return Done(f"{units} unit dari pesanan {obj.number} masuk lagi ke stok.")


class WriteNote(OrderAction):
    """A remark for colleagues, in the history."""

    name = "catat"
    label = "Tulis catatan"
    permissions = ("orders.add_orderevent",)
    form_class = NoteForm

    def seen(self, obj: Order) -> str:
        return ""  # a remark is true whatever happened meanwhile

    def run(self, obj: Order, data: dict[str, Any], request: HttpRequest) -> Done:
        write_note(order_id=obj.pk, actor=actor_of(request), note=data["note"])
        return Done("Catatan ditulis di riwayat.")


class AskGateway(OrderAction):
    """GET status for everything under the order, applied like a notification."""

    name = "cek"
    label = "Cek di Midtrans"
    permissions = ("payments.check_payment",)

    def seen(self, obj: Order) -> str:
        return ""

    def refusal(self, obj: Order) -> str:
        return "" if obj.payments.exists() else "Pesanan ini belum pernah sampai ke halaman pembayaran."

    def explain(self, obj: Order) -> list[str]:
        return ["Status setiap pembayaran pesanan ini ditanyakan ke Midtrans, lalu diterapkan seperti notifikasi."]

    def run(self, obj: Order, data: dict[str, Any], request: HttpRequest) -> Done:
        before = obj.status
        try:
            found = check_order(order_id=obj.pk, everything=True)
        except GatewayError as error:
            return Done(nobody_asked(error), messages.ERROR)
        obj.refresh_from_db()
        if obj.status != before:
            return Done(f"Status pesanan berubah: {S(before).label} menjadi {S(obj.status).label}.")
        if not found:
            return Done("Midtrans belum mengenal transaksi apa pun untuk pesanan ini.", messages.INFO)
        return Done("Sudah dicek: sama dengan yang tercatat di sini.", messages.INFO)


class ClearHold(OrderAction):
    """Set a hold aside by a person's decision."""

    name = "lepas-penahanan"
    label = "Lepas penahanan"
    permissions = ("orders.clear_hold",)
    look = "danger"
    form_class = ReasonForm

    def refusal(self, obj: Order) -> str:
        return "" if obj.payment_hold else "Pesanan ini tidak sedang ditahan."

    def explain(self, obj: Order) -> list[str]:
        return [
            f"Ditahan karena: {obj.payment_hold}.",
            "Setelah dilepas, pesanan ini berjalan seperti biasa. Penahanan yang sama tidak kembali sendiri.",
        ]

    def run(self, obj: Order, data: dict[str, Any], request: HttpRequest) -> Done:
        clear_hold(order_id=obj.pk, actor=actor_of(request), reason=data["reason"])
        return Done("Penahanan dilepas.")
