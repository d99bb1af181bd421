"""The customer's side of an order's history: few events, in plain words, and what is still to come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from orders.couriers import tracking_page
from orders.models import CancelRequestState, Order, OrderEvent
from orders.models.event import EventKind
from orders.states import OrderStatus
from payments.page_state import PageState

S = OrderStatus


@dataclass(frozen=True)
class Entry:
    """One line of the timeline; ``at`` is None for what is still to come."""

    icon: str
    title: str
    at: datetime | None = None
    detail: str = ""
    resi: str = ""
    track_url: str = ""
    is_now: bool = False


_TITLES = {
    S.PAID: ("wallet", "Pembayaran diterima"),
    S.PROCESSING: ("package-check", "Dikemas"),
    S.SHIPPED: ("truck", "Diserahkan ke kurir"),
    S.COMPLETED: ("house", "Selesai"),
    S.EXPIRED: ("clock", "Batas bayar lewat, pesanan ditutup"),
    S.CANCELLED: ("circle-x", "Pesanan dibatalkan"),
    S.REFUNDED: ("hand-coins", "Dana dikembalikan"),
}
_ASKED = {
    CancelRequestState.OPEN: ("message-circle", "Kamu minta pesanan ini dibatalkan"),
    CancelRequestState.ACCEPTED: ("circle-check", "Permintaan batal disetujui"),
    CancelRequestState.DECLINED: ("circle-x", "Permintaan batal ditolak"),
    CancelRequestState.WITHDRAWN: ("rotate-ccw", "Permintaan batal gugur"),
}
_PAY = Entry("wallet", "Pembayaran")
_PACK = Entry("package-check", "Dikemas")
_SEND = Entry("truck", "Dikirim")
_ARRIVE = Entry("house", "Sampai di tempatmu")
_TO_COME = {
    PageState.WAITING: (_PAY, _PACK, _SEND),
    PageState.CONFIRMING: (_PAY, _PACK, _SEND),
    PageState.PAID: (_PACK, _SEND, _ARRIVE),
    PageState.PACKED: (_SEND, _ARRIVE),
    PageState.SHIPPED: (_ARRIVE,),
}


def entries(order: Order, events: Iterable[OrderEvent], state: PageState, *, paid_with: str) -> list[Entry]:
    """Return what happened, oldest first, then what is to come. Notes, holds and stock are the staff's business."""
    done = [entry for event in events if (entry := _entry(order, event, paid_with))]
    if done and state not in {PageState.COMPLETED, PageState.REFUNDED}:
        done[-1] = replace(done[-1], is_now=True)
    return [*done, *_TO_COME.get(state, ())]


def _entry(order: Order, event: OrderEvent, paid_with: str) -> Entry | None:
    if event.kind == EventKind.PLACED:
        return Entry("check", "Pesanan dibuat", event.created_at)
    if event.kind == EventKind.CLOSING and order.is_closing:
        return Entry("rotate-ccw", "Pembatalan diminta", event.created_at)
    if event.kind == EventKind.NOTE and event.data.get("cancelRequest") in CancelRequestState.values:
        icon, title = _ASKED[CancelRequestState(event.data["cancelRequest"])]
        return Entry(icon, title, event.created_at)
    if event.kind != EventKind.STATUS or event.to_status not in _TITLES:
        return None
    to = S(event.to_status)
    icon, title = _TITLES[to]
    if to is S.PAID:
        return Entry(icon, title, event.created_at, paid_with)
    if to is S.SHIPPED:
        courier = str(event.data.get("courier", ""))
        title = f"Dibawa {courier}" if courier else title
        resi = str(event.data.get("resi", ""))
        return Entry(icon, title, event.created_at, resi=resi, track_url=tracking_page(courier))
    if to is S.COMPLETED and event.actor.startswith("customer:"):
        return Entry(icon, "Pesanan diterima", event.created_at)
    if to is S.CANCELLED:
        return Entry(icon, title, event.created_at, cancel_reason(event))
    return Entry(icon, title, event.created_at)


def cancel_reason(event: OrderEvent) -> str:
    """Return why an order was cancelled, for its customer."""
    if event.actor.startswith("customer:"):
        return "Atas permintaanmu"
    reason = "" if event.reason.startswith("tanpa konfirmasi") else event.reason.strip()
    return f"{reason[0].upper()}{reason[1:]}" if reason else ""
