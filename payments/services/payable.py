"""What must hold before an order gets a payment. Reads only; the caller holds the locks of order and payments."""

from __future__ import annotations

from datetime import datetime

from orders.models import Order
from orders.states import PAID_OR_LATER, OrderStatus
from payments.errors import (
    NotPayableError,
    OrderAlreadyPaidError,
    PaymentHeldError,
    PaymentWindowOverError,
    TooManyPaymentsError,
)
from payments.models import Payment
from payments.services.create import minutes_until
from payments.states import MONEY_CAME
from shop.errors import InsufficientStockError, ShortLine
from shop.models import Reservation, ReservationState
from shop.models.stock import LIVE_RESERVATION_STATES

MIN_MINUTES_LEFT = 10
MAX_PAYMENTS = 5


def require_payable(order: Order, payments: list[Payment], now: datetime) -> None:
    """Raise unless the order waits for money: OrderAlreadyPaidError, NotPayableError, PaymentWindowOverError,
    PaymentHeldError, in this order."""
    paid = any(payment.status in MONEY_CAME for payment in payments)
    if order.status in PAID_OR_LATER or (paid and order.status == OrderStatus.PENDING_PAYMENT):
        raise OrderAlreadyPaidError(order=order.number)
    if order.status != OrderStatus.PENDING_PAYMENT or order.is_closing:
        raise NotPayableError(order=order.number)
    if order.expires_at <= now:
        raise PaymentWindowOverError(order=order.number)
    if order.payment_hold:
        raise PaymentHeldError(order=order.number)


def require_room(order: Order, payments: list[Payment], now: datetime) -> None:
    """Raise unless one more payment may be made: PaymentWindowOverError, TooManyPaymentsError."""
    require_minutes(order.expires_at, now)
    if len(payments) >= MAX_PAYMENTS:
        raise TooManyPaymentsError(order=order.number)


def require_minutes(deadline: datetime, now: datetime) -> None:
    """Raise PaymentWindowOverError unless a page made now leaves its customer time to pay."""
    if minutes_until(deadline, now) < MIN_MINUTES_LEFT:
        raise PaymentWindowOverError


def require_stock(order: Order) -> None:
    """Raise InsufficientStockError unless what is on hand now covers every line of the order.

    ``on_hand`` has to cover this order's reservation together with the older live ones and all SHORT ones: goods may
    have broken or been lost since the order was placed.
    """
    held = {
        row.variant_id: row
        for row in Reservation.objects.filter(reference=order.number, state=ReservationState.HELD).select_related(
            "variant",
        )
    }
    before = _promised_before(held)
    short = []
    for item in order.items.all():
        row = held.get(item.variant_id)
        available = row.variant.on_hand - before.get(item.variant_id, 0) if row else 0
        if available < item.quantity:
            short.append(
                ShortLine(
                    variant_id=item.variant_id,
                    sku=item.sku,
                    name=f"{item.name} {item.variant_name}".strip(),
                    available=max(0, available),
                    wanted=item.quantity,
                ),
            )
    if short:
        raise InsufficientStockError(short)


def _promised_before(held: dict[int, Reservation]) -> dict[int, int]:
    """Return the units of each variant that go to others first: older live reservations, and all that are paid."""
    rivals = Reservation.objects.filter(variant_id__in=held, state__in=LIVE_RESERVATION_STATES)
    before: dict[int, int] = {}
    for variant_id, pk, quantity, state in rivals.values_list("variant_id", "pk", "quantity", "state"):
        mine = held[variant_id]
        if pk != mine.pk and (pk < mine.pk or state == ReservationState.SHORT):
            before[variant_id] = before.get(variant_id, 0) + quantity
    return before
