"""Starting to pay an order: the pre-check, the duplicate guard, one lease per gateway call."""

from __future__ import annotations

import logging
import secrets
import time
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from config.database import database_now, unit_of_work
from orders.locks import lock_order
from orders.models import Order
from orders.states import PAID_OR_LATER, OrderStatus
from payments.errors import (
    GatewayKeyError,
    GatewayRejectedError,
    GatewayUnavailableError,
    NotPayableError,
    OrderAlreadyPaidError,
    PaymentHeldError,
    PaymentInFlightError,
    PaymentWindowOverError,
    TooManyPaymentsError,
)
from payments.gateway import SnapToken
from payments.leases import LEASE, new_lease
from payments.locks import lock_order_and_payments, lock_payments_of
from payments.models import Payment, PaymentTransaction
from payments.services.ask import ask_about, end_trouble, note_trouble
from payments.services.create import create_page, minutes_until
from payments.services.kill import is_dead_for_sure, run_kill
from payments.states import MONEY_CAME, OPEN, PaymentStatus
from shop.errors import InsufficientStockError, ShortLine
from shop.models import Reservation, ReservationState
from shop.models.stock import LIVE_RESERVATION_STATES
from shop.services.site import require_open

logger = logging.getLogger(__name__)
P = PaymentStatus

MIN_MINUTES_LEFT = 10
MAX_PAYMENTS = 5
POLL_BUDGET_S = 4.0
POLL_PAUSE_S = 0.15
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True)
class StartedPayment:
    """A page on which the order can be paid; ``duplicate`` when it had been open already."""

    payment: Payment
    token: str
    redirect_url: str
    duplicate: bool


@dataclass(frozen=True)
class _Ready:
    payment: Payment


@dataclass(frozen=True)
class _Call:
    payment: Payment
    order: Order
    lease: str
    now: datetime


@dataclass(frozen=True)
class _Busy:
    """Somebody else is talking to the gateway; ``kill`` names a payment that has to die first."""

    kill: int | None = None


def start_payment(*, order_id: int) -> StartedPayment:
    """Return the page on which the order is paid, making it at the gateway if there is none; never two.

    Checks under the order's lock, in this order: paid, payable, hold, shop open, open payment, time and number of
    tries, stock. The gateway is called outside any transaction (8 s at most) by the one who holds the payment's
    lease; others wait briefly for his answer. Raises OrderAlreadyPaidError, NotPayableError, PaymentWindowOverError,
    PaymentHeldError, ShopClosedError, TooManyPaymentsError, InsufficientStockError (the gateway was not called),
    PaymentInFlightError and GatewayError (try again: the order stays payable).
    """
    until = time.monotonic() + POLL_BUDGET_S
    while True:
        step = unit_of_work(partial(_next_step, order_id))
        if isinstance(step, _Ready):
            return StartedPayment(step.payment, step.payment.token, step.payment.redirect_url, duplicate=True)
        if isinstance(step, _Call):
            return _call_gateway(step)
        if step.kill is not None:
            run_kill(payment_id=step.kill)
        if time.monotonic() > until:
            raise PaymentInFlightError
        time.sleep(POLL_PAUSE_S)


def _next_step(order_id: int) -> _Ready | _Call | _Busy:
    """Decide under the order's lock what happens next. Everything that refuses raises."""
    order = lock_order(order_id)
    payments = lock_payments_of(order_id)
    now = database_now()
    _require_payable(order, payments, now)
    require_open()
    current = next((payment for payment in payments if payment.status in OPEN), None)
    if current is not None:
        if current.kill_asked_at is not None:
            return _Busy(kill=current.pk)
        if current.token or current.status != P.INITIATED:
            return _Ready(current)
        if current.lease_until is not None and current.lease_until > now:
            return _Busy()
        # The one who was asking is gone. Same gateway id again: it makes a possible earlier page void.
        _require_stock(order)
        return _take_over(current, order, now)
    if minutes_until(order.expires_at, now) < MIN_MINUTES_LEFT:
        raise PaymentWindowOverError
    if len(payments) >= MAX_PAYMENTS:
        raise TooManyPaymentsError(order=order.number)
    for payment in payments:
        if not is_dead_for_sure(payment, now):
            Payment.objects.filter(pk=payment.pk, kill_asked_at=None).update(kill_asked_at=Now(), next_attempt_at=Now())
            return _Busy(kill=payment.pk)
    _require_stock(order)
    return _open_new(order, now)


def _require_payable(order: Order, payments: list[Payment], now: datetime) -> None:
    paid = any(payment.status in MONEY_CAME for payment in payments)
    if order.status in PAID_OR_LATER or (paid and order.status == OrderStatus.PENDING_PAYMENT):
        raise OrderAlreadyPaidError(order=order.number)
    if order.status != OrderStatus.PENDING_PAYMENT or order.is_closing:
        raise NotPayableError(order=order.number)
    if order.expires_at <= now:
        raise PaymentWindowOverError(order=order.number)
    if order.payment_hold:
        raise PaymentHeldError(order=order.number)


def _require_stock(order: Order) -> None:
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
    rivals = Reservation.objects.filter(variant_id__in=held, state__in=LIVE_RESERVATION_STATES)
    before: dict[int, int] = {}
    for variant_id, pk, quantity, state in rivals.values_list("variant_id", "pk", "quantity", "state"):
        mine = held[variant_id]
        if pk != mine.pk and (pk < mine.pk or state == ReservationState.SHORT):
            before[variant_id] = before.get(variant_id, 0) + quantity
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


def _take_over(payment: Payment, order: Order, now: datetime) -> _Call:
    if minutes_until(payment.expires_at, now) < MIN_MINUTES_LEFT:
        raise PaymentWindowOverError
    lease = new_lease()
    Payment.objects.filter(pk=payment.pk).update(
        lease=lease,
        lease_until=now + LEASE,
        unanswered=F("unanswered") + 1,
        attempts=F("attempts") + 1,
    )
    return _Call(payment, order, lease, now)


def _open_new(order: Order, now: datetime) -> _Call:
    random_part = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    lease = new_lease()
    payment = Payment.objects.create(
        order=order,
        gateway_id=f"{order.number}-{random_part}",
        amount=order.total,
        expires_at=order.expires_at,
        lease=lease,
        lease_until=now + LEASE,
        unanswered=1,
        attempts=1,
    )
    return _Call(payment, order, lease, now)


def _call_gateway(call: _Call) -> StartedPayment:
    """Ask Snap for the page, and keep the answer while the lease is ours."""
    minutes = minutes_until(call.payment.expires_at, call.now)
    try:
        token = create_page(call.payment, call.order, now=call.now, minutes=minutes)
    except GatewayUnavailableError as error:
        _after_no_answer(call, error)
        raise
    except GatewayKeyError:
        note_trouble("server_key_refused", "Midtrans menolak server key")
        _after_refusal(call)
        raise
    except GatewayRejectedError as error:
        logger.warning("payment.snap_refused", extra={"payment": call.payment.gateway_id, "reason": error.reason})
        return _adopt(call, error)
    end_trouble("server_key_refused")
    payment = unit_of_work(partial(_store_token, call, token))
    if payment is None:
        raise PaymentInFlightError  # somebody took over; his page made ours void
    if payment.status in MONEY_CAME:
        raise OrderAlreadyPaidError
    if payment.kill_asked_at is not None:
        raise NotPayableError
    return StartedPayment(payment, payment.token, payment.redirect_url, duplicate=False)


def _store_token(call: _Call, token: SnapToken) -> Payment | None:
    """INITIATED -> PENDING with its token, while the lease is ours (else None).

    If the order closed meanwhile the token is kept, so that the page can be killed, and not shown. Commits in any
    case: the caller raises afterwards.
    """
    order, payment, _ = lock_order_and_payments(call.payment.pk)
    if order is None or payment.lease != call.lease:
        return None
    closed = order.status != OrderStatus.PENDING_PAYMENT or order.is_closing or payment.status not in OPEN
    payment.token, payment.redirect_url = token.token, token.redirect_url
    payment.lease, payment.lease_until, payment.unanswered = "", None, 0
    if closed or payment.kill_asked_at is not None:
        payment.kill_asked_at = payment.kill_asked_at or timezone.now()
        payment.killed_at = None
        payment.next_attempt_at = timezone.now()
    elif payment.status == P.INITIATED:
        payment.status = P.PENDING
    payment.save()
    return payment


def _after_no_answer(call: _Call, error: GatewayUnavailableError) -> None:
    """Keep the payment INITIATED. Without an answer the lease runs out by itself: the call may still arrive."""
    mine = Payment.objects.filter(pk=call.payment.pk, lease=call.lease)
    if not error.sent:
        mine.update(lease="", lease_until=None, unanswered=F("unanswered") - 1)
    elif error.answered:
        mine.update(lease="", lease_until=None)
    logger.warning("payment.no_answer", extra={"payment": call.payment.gateway_id, "detail": error.detail})


def _after_refusal(call: _Call) -> None:
    """A definite no. The slot is free again only if no earlier call on this id went unanswered."""

    def body() -> None:
        _, payment, _ = lock_order_and_payments(call.payment.pk)
        if payment.lease != call.lease:
            return
        payment.lease, payment.lease_until = "", None
        payment.unanswered = max(0, payment.unanswered - 1)
        seen = PaymentTransaction.objects.filter(payment=payment).exists()
        if payment.status == P.INITIATED and payment.unanswered == 0 and not seen:
            payment.status, payment.killed_at = P.FAILED, timezone.now()
        payment.save()

    unit_of_work(body)


def _adopt(call: _Call, error: GatewayRejectedError) -> StartedPayment:
    """Snap refused the id: a method was chosen on a page that we never saw, or the id is unusable. Ask, and adopt."""
    asked = ask_about(call.payment)
    if not asked.found:
        _after_refusal(call)
        raise error
    Payment.objects.filter(pk=call.payment.pk, lease=call.lease).update(
        lease="",
        lease_until=None,
        unanswered=F("unanswered") - 1,
    )
    payment = Payment.objects.get(pk=call.payment.pk)
    if payment.status in MONEY_CAME:
        raise OrderAlreadyPaidError
    if payment.status not in OPEN:
        raise error
    return StartedPayment(payment, payment.token, payment.redirect_url, duplicate=True)
