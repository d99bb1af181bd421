"""One order as staff see it: everything that happened to it, read in a bounded number of queries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Prefetch

from config.models import OutgoingMail
from orders.models import Order, OrderEvent, OrderItem, Shipment
from orders.models.event import EventKind
from orders.states import OrderStatus
from payments.models import GatewayNotification, Payment, PaymentTransaction, Refund
from payments.states import REFUND_OPEN, RefundState
from shop.models import Reservation, ReservationState, User
from shop.money import rupiah

MANY = 50
# What only those who see the money see in the history.
_OF_MONEY = {EventKind.PAYMENT, EventKind.REFUND, EventKind.HOLD}
_SAID_BY_REASON = {EventKind.PAYMENT, EventKind.REFUND, EventKind.STOCK}
_STAFF = re.compile(r"staff:(\d+)(?: (.+))?")


@dataclass(frozen=True)
class Line:
    """One item, and whether its stock is there."""

    item: OrderItem
    stock: str
    is_short: bool


@dataclass(frozen=True)
class Entry:
    """One line of the history."""

    event: OrderEvent
    title: str
    who: str
    detail: str


@dataclass(frozen=True)
class OrderPage:
    """Everything on the page. Without the right to see money its parts stay empty."""

    order: Order
    with_money: bool
    lines: Sequence[Line]
    shipments: Sequence[Shipment]
    entries: Sequence[Entry]
    payments: Sequence[Payment] = field(default_factory=tuple)
    notifications: Sequence[GatewayNotification] = field(default_factory=tuple)
    mails: Sequence[OutgoingMail] = field(default_factory=tuple)


def read_order_page(order: Order, *, with_money: bool) -> OrderPage:
    """Return the page of ``order``: at most eleven queries, whatever happened to it."""
    payments = _payments(order) if with_money else []
    events = list(OrderEvent.objects.filter(order=order).order_by("-pk")[: 4 * MANY])
    if not with_money:
        events = [event for event in events if event.kind not in _OF_MONEY]
    return OrderPage(
        order=order,
        with_money=with_money,
        lines=_lines(order),
        shipments=list(order.shipments.order_by("pk")),
        entries=_entries(events),
        payments=payments,
        notifications=_notifications(payments),
        mails=list(OutgoingMail.objects.filter(reference=order.number).order_by("-pk")[:MANY]),
    )


def _lines(order: Order) -> list[Line]:
    states: dict[int, set[str]] = {}
    for variant_id, value in Reservation.objects.filter(reference=order.number).values_list("variant_id", "state"):
        states.setdefault(variant_id, set()).add(value)
    found = []
    for item in order.items.order_by("pk"):
        seen = states.get(item.variant_id, set())
        # The liveliest of its reservations: a revived order has a released one as well.
        state = next((s for s in ReservationState if s.value in seen and s is not ReservationState.RELEASED), None)
        label = state.label if state else (ReservationState.RELEASED.label if seen else "")
        found.append(Line(item, label, state is ReservationState.SHORT))
    return found


def _payments(order: Order) -> list[Payment]:
    refunds = (
        Refund.objects.select_related("requested_by", "approved_by", "proof").defer("proof__content").order_by("pk")
    )
    rows = PaymentTransaction.objects.order_by("pk").prefetch_related(Prefetch("refunds", queryset=refunds))
    return list(order.payments.order_by("pk").prefetch_related(Prefetch("transactions", queryset=rows)))


def _notifications(payments: Iterable[Payment]) -> list[GatewayNotification]:
    ids = [payment.gateway_id for payment in payments]
    if not ids:
        return []
    return list(GatewayNotification.objects.filter(gateway_id__in=ids).order_by("-pk")[:MANY])


def left_to_give_back(row: PaymentTransaction) -> int:
    """Return what ``refund_book.refundable`` returns, from refunds fetched already. The service judges again."""
    taken = sum(refund.amount for refund in row.refunds.all() if refund.state != RefundState.FAILED)
    return row.received - row.charged_back - taken


def open_refund(row: PaymentTransaction) -> Refund | None:
    """Return the refund of a transaction that is under way, if there is one."""
    return next((refund for refund in row.refunds.all() if refund.state in REFUND_OPEN), None)


def _entries(events: Sequence[OrderEvent]) -> list[Entry]:
    names = _names(event.actor for event in events)
    return [Entry(event, _title(event), _who(event.actor, names), _detail(event)) for event in events]


def _title(event: OrderEvent) -> str:
    if event.kind == EventKind.STATUS:
        return OrderStatus(event.to_status).label
    if event.kind == EventKind.HOLD and event.reason == "selesai":
        return "Penahanan berakhir"
    if event.kind in _SAID_BY_REASON and event.reason:
        return f"{event.reason[0].upper()}{event.reason[1:]}"
    return EventKind(event.kind).label


def _detail(event: OrderEvent) -> str:
    if event.kind == EventKind.HOLD and event.reason == "selesai":
        return ""
    parts = [] if event.kind in _SAID_BY_REASON else [event.reason]
    amount = event.data.get("amount")
    parts += [rupiah(amount)] if isinstance(amount, int) else []
    parts += [str(event.data[key]) for key in ("courier", "resi", "transaction", "refund") if event.data.get(key)]
    return " · ".join(part for part in parts if part)


def _names(actors: Iterable[str]) -> dict[int, str]:
    """Return the addresses of staff whom the books name by number only."""
    numbers = {int(found[1]) for actor in actors if (found := _STAFF.fullmatch(actor)) and not found[2]}
    return {user.pk: str(user) for user in User.objects.filter(pk__in=numbers)} if numbers else {}


def _who(actor: str, names: dict[int, str]) -> str:
    if found := _STAFF.fullmatch(actor):
        return found[2] or names.get(int(found[1]), f"staf {found[1]}")
    if actor.startswith("customer:"):
        return "Pelanggan"
    return {"midtrans": "Midtrans", "system": "Sistem"}.get(actor, actor)
