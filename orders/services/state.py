"""Network-free changes of an order's state. Callers that need the gateway's word ask it first (``payments``)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from django.db import IntegrityError, transaction

from config.database import unit_of_work
from config.errors import InvalidInputError
from orders.couriers import clean_resi
from orders.emails import queue_order_mail
from orders.errors import ShipmentRefusedError
from orders.locks import lock_order
from orders.models import CancelRequestState, Order, Shipment
from orders.models.event import EventKind
from orders.services.cancel_requests import SHIPPED_FIRST, end_request
from orders.services.vouchers import give_use_back
from orders.states import OrderStatus
from orders.transitions import record, transition
from shop.models import Reservation
from shop.models.stock import LIVE_RESERVATION_STATES
from shop.services import stock


def mark_paid(order: Order, *, actor: str, paid_at: datetime, reason: str = "") -> None:
    """Move a locked order to PAID and write its mail. Stock is the caller's next step, in a savepoint of its own."""
    transition(order, OrderStatus.PAID, actor=actor, reason=reason, paid_at=paid_at)
    queue_order_mail("order_paid", order)


def close_order(order: Order, to: OrderStatus, *, actor: str, reason: str) -> None:
    """Move a locked order to EXPIRED, CANCELLED or REFUNDED; settle voucher and stock once, in the same transaction.

    Unpaid: what it holds is released. PAID or PROCESSING -> CANCELLED: what was sold comes back. Both give the use of
    a voucher back. SHIPPED or COMPLETED -> REFUNDED: neither; goods come back through ``receive_return``.
    """
    was = OrderStatus(order.status)
    transition(order, to, actor=actor, reason=reason)
    if to is OrderStatus.CANCELLED:
        end_request(order, CancelRequestState.ACCEPTED, actor=actor)
    if to is OrderStatus.REFUNDED:
        return  # the refund has its own mail
    give_use_back(order)
    if was is OrderStatus.PENDING_PAYMENT:
        stock.release(reference=order.number)
    else:
        stock.return_sold(reference=order.number, actor=actor, reason=reason)
    queue_order_mail("order_expired" if to is OrderStatus.EXPIRED else "order_cancelled", order)


Objection = Callable[[Order], str]
"""Says why goods of an order may not leave, as far as an app above this one knows; empty when they may."""


def start_processing(*, order_id: int, actor: str, objection: Objection | None = None) -> None:
    """PAID -> PROCESSING: the warehouse has begun to pack. ``objection`` is asked under the order's lock.

    Raises ShipmentRefusedError, TransitionNotAllowedError.
    """

    def body() -> None:
        order = lock_order(order_id)
        _require_shippable(order, objection)
        transition(order, OrderStatus.PROCESSING, actor=actor)

    unit_of_work(body)


def ship_order(
    *, order_id: int, courier: str, tracking_number: str, actor: str, objection: Objection | None = None
) -> Shipment:
    """Record a parcel and move the order to SHIPPED.

    Refused while a line is SHORT or a hold stands, and for what ``objection`` says under the order's lock. Raises
    InvalidInputError (resi), ShipmentRefusedError, TransitionNotAllowedError.
    """
    if not courier.strip():
        raise InvalidInputError("courier", "Pilih kurirnya.")
    resi = clean_resi(courier, tracking_number)
    return unit_of_work(partial(_ship, order_id, courier.strip(), resi, actor, objection))


def _ship(order_id: int, courier: str, resi: str, actor: str, objection: Objection | None) -> Shipment:
    order = lock_order(order_id)
    _require_shippable(order, objection)
    try:
        with transaction.atomic():
            shipment = Shipment.objects.create(order=order, courier=courier, tracking_number=resi, shipped_by=actor)
    except IntegrityError:
        raise InvalidInputError("tracking_number", f"Resi {resi} sudah dipakai untuk kiriman lain.") from None
    transition(order, OrderStatus.SHIPPED, actor=actor, data={"courier": courier, "resi": resi})
    end_request(order, CancelRequestState.WITHDRAWN, actor=actor, answer=SHIPPED_FIRST)
    queue_order_mail("order_shipped", order, shipment=shipment)
    return shipment


def _require_shippable(order: Order, objection: Objection | None) -> None:
    if order.payment_hold:
        raise ShipmentRefusedError(f"Pesanan ditahan: {order.payment_hold}", order=order.number)
    if Reservation.objects.filter(reference=order.number, state__in=LIVE_RESERVATION_STATES).exists():
        raise ShipmentRefusedError("Masih ada barang yang belum keluar dari stok.", order=order.number)
    if objection is not None and (reason := objection(order)):
        raise ShipmentRefusedError(reason, order=order.number)


def complete_order(*, order_id: int, actor: str) -> None:
    """SHIPPED -> COMPLETED: the goods arrived."""
    unit_of_work(lambda: transition(lock_order(order_id), OrderStatus.COMPLETED, actor=actor))


def set_hold(order: Order, reason: str, *, actor: str) -> None:
    """Set or end the payment hold of a locked order; an event only when it changes.

    A reason that a person has set aside stays aside until it changes or ends.
    """
    if not reason:
        Order.objects.filter(pk=order.pk).exclude(cleared_hold="").update(cleared_hold="")
    elif reason == order.cleared_hold:
        return
    if order.payment_hold == reason:
        return
    Order.objects.filter(pk=order.pk).update(payment_hold=reason)
    order.payment_hold = reason
    record(order, EventKind.HOLD, actor=actor, reason=reason or "selesai")


def clear_hold(*, order_id: int, actor: str, reason: str) -> None:
    """Set a hold aside by a person's decision, with a reason. Raises InvalidInputError."""
    if not reason.strip():
        raise InvalidInputError("reason", "Alasan harus diisi.")

    def body() -> None:
        order = lock_order(order_id)
        if not order.payment_hold:
            return
        Order.objects.filter(pk=order.pk).update(payment_hold="", cleared_hold=order.payment_hold)
        record(order, EventKind.HOLD, actor=actor, reason=f"dilepas: {reason.strip()}")

    unit_of_work(body)


def write_note(*, order_id: int, actor: str, note: str) -> None:
    """Write a remark of staff into an order's history, where customers do not see it. Raises InvalidInputError."""
    text = " ".join(note.split())
    if not text:
        raise InvalidInputError("note", "Tulis catatannya.")
    unit_of_work(lambda: record(lock_order(order_id), EventKind.NOTE, actor=actor, reason=text))
