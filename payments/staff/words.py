"""What staff read about an order's money: one badge, and the reasons why somebody has to look at it."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from config.staff.show import Tone
from orders.models import Order
from orders.states import CLOSED_UNPAID, PAID_UNSENT, OrderStatus
from payments.models import Refund
from payments.staff.lists import CLOSING_IS_LONG
from payments.states import PaymentStatus as P
from payments.states import RefundState
from payments.states import TransactionStatus as T

S = OrderStatus


@dataclass(frozen=True)
class Badge:
    """A word, its colour and its icon."""

    text: str
    tone: Tone
    icon: str


STATUS: dict[str, Badge] = {
    S.PENDING_PAYMENT: Badge("Menunggu bayar", "menunggu", "clock"),
    S.PAID: Badge("Dibayar", "dibayar", "wallet"),
    S.PROCESSING: Badge("Dikemas", "dikemas", "package"),
    S.SHIPPED: Badge("Dikirim", "dikirim", "truck"),
    S.COMPLETED: Badge("Selesai", "selesai", "circle-check"),
    S.EXPIRED: Badge("Kedaluwarsa", "selesai", "calendar-clock"),
    S.CANCELLED: Badge("Dibatalkan", "batal", "circle-x"),
    S.REFUNDED: Badge("Dana kembali", "batal", "hand-coins"),
}
PAYMENT: dict[str, Badge] = {
    P.CHARGEBACK: Badge("Sengketa", "batal", "triangle-alert"),
    P.SUCCESS: Badge("Lunas", "dibayar", "circle-check"),
    P.PARTIALLY_REFUNDED: Badge("Sebagian kembali", "dikemas", "hand-coins"),
    P.REFUNDED: Badge("Dana kembali", "batal", "hand-coins"),
    P.CHALLENGE: Badge("Ditinjau", "menunggu", "shield-check"),
    P.PENDING: Badge("Menunggu", "menunggu", "clock"),
    P.INITIATED: Badge("Disiapkan", "menunggu", "clock"),
    P.FAILED: Badge("Gagal", "selesai", "circle-x"),
    P.EXPIRED: Badge("Kedaluwarsa", "selesai", "calendar-clock"),
    P.CANCELLED: Badge("Dibatalkan", "selesai", "x"),
}
TRANSACTION: dict[str, Badge] = {
    **{T(str(status)): badge for status, badge in PAYMENT.items() if str(status) in T.values},
    T.UNKNOWN: Badge("Tidak dikenal", "batal", "triangle-alert"),
}
REFUND: dict[str, Badge] = {
    RefundState.REQUESTED: Badge("Diminta", "menunggu", "clock"),
    RefundState.SENT: Badge("Dikirim", "dikirim", "arrow-right"),
    RefundState.DONE: Badge("Selesai", "dibayar", "circle-check"),
    RefundState.FAILED: Badge("Gagal", "batal", "circle-x"),
}
DENIED = Badge("Ditolak bank", "batal", "circle-x")
_UNPAID = Badge("Tidak terbayar", "selesai", "circle-x")
_NOT_BEGUN = Badge("Belum bayar", "menunggu", "clock")


def refund_badge(refund: Refund) -> Badge:
    """Return where a refund stands; one that was done and denied afterwards says so."""
    return DENIED if refund.denied_at is not None else REFUND[refund.state]


def money_badge(order: Order) -> Badge:
    """Return where the money of an order from ``with_facts`` stands: what came counts more than what did not."""
    states = set(getattr(order, "payment_states", ()))
    for status, shown in PAYMENT.items():
        if status in states:
            dead = status in {P.FAILED, P.EXPIRED, P.CANCELLED}
            if not dead:
                return shown
    return _NOT_BEGUN if order.status == S.PENDING_PAYMENT else _UNPAID


def attention(order: Order, *, with_money: bool = True) -> list[str]:
    """Return why somebody has to look at an order from ``with_facts``; without money for those who see none of it."""
    found = []
    if getattr(order, "is_short", False):
        found.append("Kurang stok")
    if order.payment_hold:
        found.append("Ditahan")
    if getattr(order, "asks_cancel", False):
        found.append("Minta batal")
    unsent = order.status in PAID_UNSENT
    if unsent and getattr(order, "told_cancelled", False) and not getattr(order, "has_open_refund", False):
        found.append("Batal belum tuntas")
    if not with_money:
        return found
    if getattr(order, "has_surplus", False):
        found.append("Kelebihan bayar")
    came = {P.SUCCESS.value, P.PARTIALLY_REFUNDED.value} & set(getattr(order, "payment_states", ()))
    if getattr(order, "money_stayed", False):
        found.append("Uang belum kembali")
    elif came and OrderStatus(order.status) in CLOSED_UNPAID:
        found.append("Uang terlambat")
    if order.closing_at is not None and order.closing_at <= timezone.now() - CLOSING_IS_LONG:
        found.append("Lama ditutup")
    if getattr(order, "refund_waits", False):
        found.append("Dana tertunda")
    return found
