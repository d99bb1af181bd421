"""The buttons that end an order: cancelling it before or after it was paid, and releasing it without the gateway."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest

from config.staff import Done, actor_of
from orders.models import Order
from orders.states import PAID_UNSENT, OrderStatus
from payments.admin.order_actions import OrderAction
from payments.admin.order_forms import CancelForm, ReasonForm
from payments.admin.who import staff_user
from payments.errors import CannotCancelError
from payments.models import PaymentTransaction
from payments.services import cancel_order, release_without_gateway
from payments.services.refund_book import refundable
from payments.staff.give_back import GivenBack, give_back_everything
from shop.money import rupiah

S = OrderStatus


class Cancel(OrderAction):
    """Unpaid: close and free the stock, as far as the gateway confirms. Paid: give the money back first."""

    name = "batal"
    label = "Batalkan & kembalikan stok"
    permissions = ("orders.cancel_order",)
    look = "danger"
    form_class = CancelForm

    def permitted(self, user: Any, obj: Order) -> bool:
        allowed = super().permitted(user, obj)
        return allowed and (obj.status not in PAID_UNSENT or user.has_perm("payments.add_refund"))

    def title(self, obj: Order) -> str:
        if obj.status in PAID_UNSENT:
            return "Batalkan & kembalikan dana"
        return "Coba tutup lagi" if obj.is_closing else self.label

    def seen(self, obj: Order) -> str:
        return f"{super().seen(obj)}|{to_give_back(obj) if obj.status in PAID_UNSENT else ''}"

    def refusal(self, obj: Order) -> str:
        if wrong := self.wrong_status(obj, S.PENDING_PAYMENT, *PAID_UNSENT):
            return wrong
        if obj.status == S.PENDING_PAYMENT and obj.payment_hold:
            return "Uang yang masuk untuk pesanan ini sedang diperiksa. Selesaikan dulu penahanannya."
        if obj.status in PAID_UNSENT and to_give_back(obj) == 0:
            return "Uang pesanan ini sudah atau sedang dikembalikan. Pesanan ditutup begitu uangnya pasti kembali."
        return ""

    def explain(self, obj: Order) -> list[str]:
        if obj.status in PAID_UNSENT:
            return [
                f"{rupiah(to_give_back(obj))} dikembalikan seluruhnya ke pelanggan.",
                "Pesanan baru ditutup, dan stoknya kembali, setelah uangnya pasti kembali.",
                "Lewat Midtrans itu hitungan menit; lewat transfer bank setelah nomor referensinya dicatat.",
            ]
        return [
            "Halaman pembayarannya dimatikan di Midtrans, pesanan ditutup, dan stoknya dapat dijual lagi.",
            "Bila Midtrans belum memastikan, penutupan dicatat dan stok baru dilepas setelah pasti.",
        ]

    def run(self, obj: Order, data: dict[str, Any], request: HttpRequest) -> Done:
        if obj.status in PAID_UNSENT:
            return told(obj, give_back(obj, data["reason"], request))
        try:
            closed = cancel_order(order_id=obj.pk, actor=actor_of(request), reason=data["reason"])
        except CannotCancelError:
            return Done("Tidak dibatalkan: uang untuk pesanan ini sudah masuk.", messages.WARNING)
        if closed:
            return Done(f"Pesanan {obj.number} dibatalkan dan stoknya dapat dijual lagi.")
        return Done(_WAITING, messages.WARNING)


def give_back(order: Order, reason: str, request: HttpRequest) -> GivenBack:
    """Give all money of a paid order back, and read the order again."""
    given = give_back_everything(order_id=order.pk, reason=reason, requested_by=staff_user(request))
    order.refresh_from_db()
    return given


_WAITING = (
    "Pembatalan dicatat, tetapi Midtrans belum memastikan bahwa pesanan ini tidak dapat dibayar lagi. "
    "Stoknya belum dilepas; toko mencoba lagi tiap menit."
)


def to_give_back(order: Order) -> int:
    """Return the rupiah of an order, surplus aside, of which nobody has begun to give anything back."""
    rows = PaymentTransaction.objects.filter(payment__order=order, surplus=False, received__gt=0)
    return sum(max(0, refundable(row)) for row in rows)


def told(order: Order, given: GivenBack) -> Done:
    """Say what became of the money, part by part."""
    if order.status == S.CANCELLED:
        return Done(f"{rupiah(given.done)} sudah kembali, pesanan {order.number} dibatalkan, stoknya kembali.")
    parts = {
        "sudah kembali": given.done,
        "sedang dikembalikan lewat Midtrans": given.under_way,
        "menunggu ditransfer lewat bank": given.to_transfer,
        "menunggu persetujuan orang kedua": given.to_approve,
        "ditolak Midtrans": given.failed,
    }
    amounts = "; ".join(f"{rupiah(amount)} {what}" for what, amount in parts.items() if amount)
    level = messages.ERROR if given.failed else messages.WARNING
    return Done(f"{amounts}. Pesanan ditutup begitu semua uangnya pasti kembali.", level)


class ReleaseWithoutGateway(OrderAction):
    """Close an unpaid order although the gateway has not confirmed: the owner's decision."""

    name = "lepas-tanpa-konfirmasi"
    label = "Lepas tanpa konfirmasi Midtrans"
    permissions = ("orders.clear_hold",)
    look = "danger"
    form_class = ReasonForm

    def refusal(self, obj: Order) -> str:
        if wrong := self.wrong_status(obj, S.PENDING_PAYMENT):
            return wrong
        if obj.payment_hold:
            return "Uang yang masuk untuk pesanan ini sedang diperiksa. Selesaikan dulu penahanannya."
        return "" if obj.is_closing else "Batalkan dulu dengan cara biasa; ini hanya bila Midtrans diam saja."

    def explain(self, obj: Order) -> list[str]:
        return [
            "Midtrans belum memastikan bahwa pesanan ini tidak dapat dibayar lagi. Stoknya tetap dilepas sekarang.",
            "Bila pelanggan ternyata masih membayar, uangnya masuk ke pesanan tertutup dan harus dikembalikan.",
        ]

    def run(self, obj: Order, data: dict[str, Any], request: HttpRequest) -> Done:
        release_without_gateway(order_id=obj.pk, actor=actor_of(request), reason=data["reason"])
        return Done(f"Pesanan {obj.number} ditutup tanpa konfirmasi Midtrans, stoknya dapat dijual lagi.")
