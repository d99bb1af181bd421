"""Starting to pay an order: the pre-check, the duplicate guard, one lease per gateway call."""

from __future__ import annotations

import logging
import secrets
import time
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db.models import F

from config.database import database_now, unit_of_work
from orders.locks import lock_order
from orders.models import Order
from orders.states import OrderStatus
from payments.errors import (
    GatewayKeyError,
    GatewayRejectedError,
    GatewayUnavailableError,
    NotPayableError,
    OrderAlreadyPaidError,
    PaymentHeldError,
    PaymentInFlightError,
)
from payments.gateway import SnapToken
from payments.leases import LEASE, LeaseLostError, new_lease
from payments.locks import lock_order_and_payments, lock_payments_of
from payments.models import Payment, PaymentTransaction
from payments.services.ask import ask_about, end_trouble, note_trouble
from payments.services.create import create_page, minutes_until
from payments.services.kill import Killed, ask_kill, is_dead_for_sure, is_somebodys, run_kill
from payments.services.payable import MIN_MINUTES_LEFT, require_minutes, require_payable, require_room, require_stock
from payments.states import MONEY_CAME, OPEN, PaymentStatus
from shop.services.site import require_open

logger = logging.getLogger(__name__)
P = PaymentStatus

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
    """The order has a page."""

    payment: Payment


@dataclass(frozen=True)
class _Call:
    """We hold the lease and ask the gateway for the page.

    ``after_silence``: an earlier call on this id got no answer at all. It may still arrive there, after ours, and
    make our page void.
    """

    payment: Payment
    order: Order
    lease: str
    now: datetime
    after_silence: bool = False

    @property
    def lease_left(self) -> str:
        """What stays in the lease when this call brought no page: a mark while an earlier one's silence lasts."""
        return self.lease if self.after_silence else ""


@dataclass(frozen=True)
class _Busy:
    """Somebody else is talking to the gateway; ``kill`` names a payment that has to die first."""

    kill: int | None = None


def start_payment(*, order_id: int, page_is_dead: bool = False) -> StartedPayment:
    """Return the page on which the order is paid, making it at the gateway if there is none; never two.

    ``page_is_dead``: the customer says that the page he has does not open. While nothing was chosen it is then made
    anew under the same id, which makes the older one void in any case.

    Checks under the order's lock, in this order: paid, payable, hold, shop open, open payment, time and number of
    tries, stock. The gateway is called outside any transaction (8 s at most) by the one who holds the payment's
    lease; others wait briefly for his answer. Raises OrderAlreadyPaidError, NotPayableError, PaymentWindowOverError,
    PaymentHeldError, ShopClosedError, TooManyPaymentsError, InsufficientStockError (the gateway was not called),
    PaymentInFlightError and GatewayError (try again: the order stays payable).
    """
    until = time.monotonic() + POLL_BUDGET_S
    while True:
        step = unit_of_work(partial(_next_step, order_id, page_is_dead=page_is_dead))
        if isinstance(step, _Ready):
            return StartedPayment(step.payment, step.payment.token, step.payment.redirect_url, duplicate=True)
        if isinstance(step, _Call):
            return _call_gateway(step)
        if step.kill is not None:
            _kill_first(step.kill)
        page_is_dead = False  # whatever somebody else is making is newer than the page that was meant
        if time.monotonic() > until:
            raise PaymentInFlightError
        time.sleep(POLL_PAUSE_S)


def _kill_first(payment_id: int) -> None:
    """Try once to kill what is in the way. Raises PaymentInFlightError when it is unknown whether it is dead."""
    outcome = run_kill(payment_id=payment_id)
    if outcome in {Killed.WAITING, Killed.LOST} and not is_somebodys([payment_id]):
        raise PaymentInFlightError


def _next_step(order_id: int, *, page_is_dead: bool) -> _Ready | _Call | _Busy:
    """Decide under the order's lock what happens next. Everything that refuses raises."""
    order = lock_order(order_id)
    payments = lock_payments_of(order_id)
    now = database_now()
    require_payable(order, payments, now)
    require_open()
    current = next((payment for payment in payments if payment.status in OPEN), None)
    if current is not None:
        return _go_on(current, order, now, page_is_dead=page_is_dead)
    require_room(order, payments, now)
    for payment in payments:
        if not is_dead_for_sure(payment):
            ask_kill(payment)
            return _Busy(kill=payment.pk)
    require_stock(order)
    return _open_new(order, now)


def _go_on(current: Payment, order: Order, now: datetime, *, page_is_dead: bool) -> _Ready | _Call | _Busy:
    """Decide what to do with the order's open payment."""
    if current.kill_asked_at is not None:
        return _Busy(kill=current.pk)
    has_page = bool(current.token) or current.status != P.INITIATED
    in_doubt = page_is_dead or _may_be_void(current, now)
    if has_page and not (in_doubt and _can_be_made_again(current, now)):
        return _Ready(current)
    if current.lease_until is not None and current.lease_until > now:
        return _Busy()
    # The one who was asking is gone. Same gateway id again: it makes a possible earlier page void.
    require_minutes(current.expires_at, now)
    require_stock(order)
    return _take_over(current, order, now)


def _may_be_void(payment: Payment, now: datetime) -> bool:
    """Say whether a silent call may have replaced this page after it was made.

    Not before ``next_attempt_at``: until then the silent call may still be on its way.
    """
    return payment.unanswered > 0 and payment.next_attempt_at is not None and payment.next_attempt_at <= now


def _can_be_made_again(payment: Payment, now: datetime) -> bool:
    """Say whether there is time for another page, and no method was chosen: then the page that we know works."""
    if minutes_until(payment.expires_at, now) < MIN_MINUTES_LEFT:
        return False
    return not PaymentTransaction.objects.filter(payment=payment).exists()


def _take_over(payment: Payment, order: Order, now: datetime) -> _Call:
    lease, after_silence = new_lease(), payment.lease != ""  # whoever got an answer gave his lease back
    Payment.objects.filter(pk=payment.pk).update(
        lease=lease,
        lease_until=now + LEASE,
        unanswered=F("unanswered") + 1,
        attempts=F("attempts") + 1,
        next_attempt_at=now,  # if this call brings no answer, the page that we know may be void from now on
    )
    return _Call(payment, order, lease, now, after_silence)


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
        token = create_page(call.payment, call.order, lease=call.lease, now=call.now, minutes=minutes)
    except LeaseLostError as error:
        raise PaymentInFlightError from error
    except GatewayUnavailableError as error:
        _after_no_answer(call, error)
        raise
    except GatewayKeyError:
        note_trouble("server_key_refused", "Midtrans menolak server key")
        _after_refusal(call, frees_slot=False)  # the trouble is ours: it uses up none of the customer's payments
        raise
    except GatewayRejectedError as error:
        logger.warning("payment.snap_refused", extra={"payment": call.payment.gateway_id, "reason": error.reason})
        return _adopt(call, error)
    end_trouble("server_key_refused")
    stored = unit_of_work(partial(_store_token, call, token))
    if stored is None:
        raise PaymentInFlightError  # somebody took over; of his page and ours the gateway keeps one
    order, payment = stored
    if payment.status in MONEY_CAME:
        raise OrderAlreadyPaidError
    if payment.kill_asked_at is not None:
        raise NotPayableError
    if order.payment_hold:
        raise PaymentHeldError
    return StartedPayment(payment, payment.token, payment.redirect_url, duplicate=False)


def _store_token(call: _Call, token: SnapToken) -> tuple[Order, Payment] | None:
    """INITIATED -> PENDING with its token, while the lease is ours (else None).

    If the order closed meanwhile the token is kept, so that the page can be killed, and not shown. Commits in any
    case: the caller raises afterwards.
    """
    order, payment, _ = lock_order_and_payments(call.payment.pk)
    if order is None or payment.lease != call.lease:
        return None
    now = database_now()
    closed = order.status != OrderStatus.PENDING_PAYMENT or order.is_closing or payment.status not in OPEN
    payment.token, payment.redirect_url = token.token, token.redirect_url
    payment.lease, payment.lease_until = "", None
    payment.unanswered = int(call.after_silence)
    payment.next_attempt_at = now + LEASE if call.after_silence else None
    if closed or payment.kill_asked_at is not None:
        payment.kill_asked_at = payment.kill_asked_at or now
        payment.killed_at = None
        payment.next_attempt_at = now
    elif payment.status == P.INITIATED:
        payment.status = P.PENDING
    payment.save()
    return order, payment


def _after_no_answer(call: _Call, error: GatewayUnavailableError) -> None:
    """Keep the payment INITIATED. Without an answer the lease runs out by itself: the call may still arrive."""
    mine = Payment.objects.filter(pk=call.payment.pk, lease=call.lease)
    if not error.sent:
        mine.update(lease=call.lease_left, lease_until=None, unanswered=F("unanswered") - 1)
    elif error.answered:
        mine.update(lease=call.lease_left, lease_until=None)
    logger.warning("payment.no_answer", extra={"payment": call.payment.gateway_id, "detail": error.detail})


def _after_refusal(call: _Call, *, frees_slot: bool = True) -> None:
    """A definite no. The slot is free again only if no earlier call on this id went unanswered."""

    def body() -> None:
        _, payment, _ = lock_order_and_payments(call.payment.pk)
        if payment.lease != call.lease:
            return
        payment.lease, payment.lease_until = call.lease_left, None
        payment.unanswered = max(0, payment.unanswered - 1)
        seen = PaymentTransaction.objects.filter(payment=payment).exists()
        if frees_slot and payment.status == P.INITIATED and payment.unanswered == 0 and not seen:
            payment.status, payment.killed_at = P.FAILED, database_now()
        payment.save()

    unit_of_work(body)


def _adopt(call: _Call, error: GatewayRejectedError) -> StartedPayment:
    """Snap refused the id: a method was chosen on a page that we never saw, or the id is unusable. Ask, and adopt."""
    asked = ask_about(call.payment)
    if not asked.found:
        _after_refusal(call)
        raise error
    mine = Payment.objects.filter(pk=call.payment.pk, lease=call.lease)
    mine.update(lease="", lease_until=None, unanswered=F("unanswered") - 1)
    payment = Payment.objects.get(pk=call.payment.pk)
    if payment.status in MONEY_CAME:
        raise OrderAlreadyPaidError
    if payment.status not in OPEN:
        raise error
    return StartedPayment(payment, payment.token, payment.redirect_url, duplicate=True)
