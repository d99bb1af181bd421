"""What an order's page says: one state out of order and money, and its words."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from orders.models import Order
from orders.states import OrderStatus
from payments.states import PaymentStatus
from shop.money import rupiah


@dataclass(frozen=True)
class Money:
    """What came in for an order and what went back, in rupiah over all its payments.

    ``excess_returned`` is the part of ``returned`` that never paid the order: a second payment, or a wrong amount.
    """

    received: int = 0
    charged_back: int = 0
    returned: int = 0
    returning: int = 0
    excess_returned: int = 0

    @property
    def price_returned(self) -> int:
        """What went back of the money that paid the order."""
        return self.returned - self.excess_returned

    @property
    def kept(self) -> int:
        """What is still with the shop, refunds under way included."""
        return max(0, self.received - self.charged_back - self.returned)

    @property
    def still_here(self) -> int:
        """What is with the shop and not on its way back."""
        return max(0, self.kept - self.returning)


class PageState(enum.StrEnum):
    WAITING = "waiting"
    TIME_UP = "time_up"
    CLOSING = "closing"
    CONFIRMING = "confirming"
    PAID = "paid"
    PACKED = "packed"
    SHIPPED = "shipped"
    COMPLETED = "completed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    LATE_MONEY = "late_money"


S = PageState
_AFTER_PAYMENT = {
    OrderStatus.PAID: S.PAID,
    OrderStatus.PROCESSING: S.PACKED,
    OrderStatus.SHIPPED: S.SHIPPED,
    OrderStatus.COMPLETED: S.COMPLETED,
    OrderStatus.REFUNDED: S.REFUNDED,
}
UNPAID = frozenset({S.WAITING, S.TIME_UP, S.CLOSING, S.CONFIRMING})
# "Pesan lagi": first of all where nothing came of it, and quietly where it did.
ENDED_BADLY = frozenset({S.EXPIRED, S.CANCELLED, S.REFUNDED, S.LATE_MONEY})
REORDERABLE = ENDED_BADLY | {S.PAID, S.PACKED, S.SHIPPED, S.COMPLETED}


def page_state(order: Order, money: Money, payment_status: str, now: datetime) -> PageState:
    """Return the state of the order's page; ``payment_status`` is that of the open payment, or empty."""
    if order.status == OrderStatus.PENDING_PAYMENT:
        return _while_unpaid(order, money, payment_status, now)
    if order.status in {OrderStatus.EXPIRED, OrderStatus.CANCELLED}:
        if money.kept and order.paid_at is None:
            return S.LATE_MONEY
        return S.EXPIRED if order.status == OrderStatus.EXPIRED else S.CANCELLED
    return _AFTER_PAYMENT[OrderStatus(order.status)]


def _while_unpaid(order: Order, money: Money, payment_status: str, now: datetime) -> PageState:
    if order.payment_hold or money.received or payment_status == PaymentStatus.CHALLENGE:
        return S.CONFIRMING
    if order.is_closing:
        return S.CLOSING
    return S.TIME_UP if order.expires_at <= now else S.WAITING


@dataclass(frozen=True)
class Badge:
    """Icon, word and colour of a status; never colour alone."""

    css: str
    icon: str
    label: str


_BADGES = {
    OrderStatus.PENDING_PAYMENT: ("menunggu", "clock"),
    OrderStatus.PAID: ("dibayar", "circle-check"),
    OrderStatus.PROCESSING: ("dikemas", "package"),
    OrderStatus.SHIPPED: ("dikirim", "truck"),
    OrderStatus.COMPLETED: ("selesai", "check"),
    OrderStatus.EXPIRED: ("batal", "circle-x"),
    OrderStatus.CANCELLED: ("batal", "circle-x"),
    OrderStatus.REFUNDED: ("selesai", "hand-coins"),
}


_NOT_TO_BE_PAID = {
    S.CONFIRMING: Badge("badge-menunggu", "clock", "Pembayaran diperiksa"),
    S.CLOSING: Badge("badge-selesai", "clock", "Sedang ditutup"),
    S.TIME_UP: Badge("badge-selesai", "clock", "Batas bayar lewat"),
}


def badge(order: Order, state: PageState | None = None) -> Badge:
    """Return the badge of the order's status, or of its page's ``state`` where nobody is to pay any more."""
    if state in _NOT_TO_BE_PAID:
        return _NOT_TO_BE_PAID[state]
    status = OrderStatus(order.status)
    css, icon = _BADGES[status]
    return Badge(f"badge-{css}", icon, status.label)


def title(state: PageState, first_name: str, money: Money) -> str:
    """Return the page's heading; ``first_name`` is empty on a guest's link."""
    if state is S.REFUNDED and money.kept:
        return "Pengembalian uangmu belum selesai"  # a bank denied it afterwards
    to = f", {first_name}" if first_name else ""
    return {
        S.WAITING: f"Tinggal bayar{to}, lalu kami kemas",
        S.TIME_UP: "Batas bayar sudah lewat",
        S.CLOSING: "Pesanan ini sedang kami tutup",
        S.CONFIRMING: "Pembayaran sedang kami periksa",
        S.PAID: f"Terima kasih{to}, pembayaranmu sudah kami terima",
        S.PACKED: f"Pesananmu sedang dikemas{to}",
        S.SHIPPED: f"Paketmu di jalan{to}",
        S.COMPLETED: f"Pesananmu sudah selesai{to}",
        S.EXPIRED: "Pesanan ini kedaluwarsa",
        S.CANCELLED: "Pesanan ini dibatalkan",
        S.REFUNDED: "Uangmu sudah dikembalikan",
        S.LATE_MONEY: "Pembayaranmu masuk setelah pesanan ditutup",
    }[state]


def lead(state: PageState, order: Order, money: Money) -> str:
    """Return the sentence under the heading: what this means, and what comes next."""
    if state is S.LATE_MONEY:
        came = f"Kami menerima {rupiah(money.received)} setelah pesanan ini ditutup, jadi barangnya tidak kami kirim."
        if money.returning:
            return f"{came} Uangmu sedang kami kembalikan."
        return f"{came} Uangmu tercatat dan akan kami kembalikan seluruhnya."
    if state is S.CANCELLED and order.paid_at is not None:
        return _about_returned(money, "Pesanan ini dibatalkan setelah dibayar.")
    if state is S.EXPIRED and money.received:
        return _about_returned(money, "Pembayaran yang masuk terlambat tidak mengubah pesanan ini.")
    if state is S.REFUNDED:
        return _about_returned(money, "Pesanan ini ditutup setelah dananya dikembalikan.")
    return {
        S.WAITING: "Pesananmu sudah tercatat dan barangnya kami simpan untukmu sampai batas bayar.",
        S.TIME_UP: "Sebentar lagi pesanan ini kami tutup. Kalau kamu sudah membayar, tekan Cek status.",
        S.CLOSING: "Kami memastikan dulu bahwa tidak ada pembayaran yang masuk. Biasanya beberapa menit.",
        S.CONFIRMING: "Kamu tidak perlu membayar lagi. Hasilnya muncul di halaman ini.",
        S.PAID: "Pesananmu kami siapkan. Kami kirim e-mail begitu paketnya berangkat.",
        S.PACKED: "Kami kirim e-mail dengan nomor resi begitu paketnya diambil kurir.",
        S.SHIPPED: "Nomor resinya ada di bawah.",
        S.COMPLETED: "Semoga suka. Ada yang tidak sesuai? Kabari kami.",
        S.EXPIRED: "Batas bayar lewat, jadi pesanan ditutup dan stoknya kami lepas. Tidak ada yang perlu kamu bayar.",
        S.CANCELLED: "Tidak ada yang perlu kamu bayar, dan stoknya sudah kami lepas.",
    }[state]


def _about_returned(money: Money, before: str) -> str:
    if money.returned:
        before = f"{before} {rupiah(money.returned)} sudah dikembalikan."
    if money.returning:
        before = f"{before} {rupiah(money.returning)} sedang dikembalikan."
    if money.still_here:
        before = f"{before} {rupiah(money.still_here)} belum kembali kepadamu; kami sedang mengurusnya."
    return before


def short_message(state: PageState) -> str:
    """Return what the waiting page says and what is announced when it changes."""
    return {
        S.WAITING: "Belum ada pembayaran masuk.",
        S.TIME_UP: "Batas bayar sudah lewat.",
        S.CLOSING: "Pesanan ini sedang kami tutup.",
        S.CONFIRMING: "Pembayaran sedang kami periksa.",
        S.PAID: "Pembayaran sudah kami terima.",
        S.EXPIRED: "Pesanan ini kedaluwarsa.",
        S.CANCELLED: "Pesanan ini dibatalkan.",
        S.LATE_MONEY: "Pembayaran masuk setelah pesanan ditutup.",
    }.get(state, "Pesanan ini sudah diproses.")
