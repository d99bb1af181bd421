"""Cancelling and expiring orders: ask, kill, confirm, release. No gateway confirmation, no release."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from config.database import DatabaseConnectionError, database_now, unit_of_work
from config.errors import ShopClosedError
from orders.locks import lock_order
from orders.models import Order
from orders.models.event import EventKind
from orders.services import close_order
from orders.states import OrderStatus
from orders.transitions import record
from payments.errors import CannotCancelError, GatewayKeyError
from payments.locks import lock_payments_of, lock_transactions
from payments.models import Payment
from payments.services.ask import ManyUnknown, ask_about
from payments.services.effects import covering
from payments.services.kill import Killed, ask_kill, is_dead_for_sure, is_somebodys, run_kill
from payments.services.payable import require_payable, require_room, require_stock
from payments.services.start import StartedPayment, start_payment
from payments.states import MONEY_CAME, OPEN
from shop.services.site import require_no_sweep, require_open

logger = logging.getLogger(__name__)

REQUEST_BUDGET_S = 8.0
BY_CUSTOMER = "dibatalkan pelanggan"
"""The reason in the history when a customer cancels, whatever words came with it."""


@dataclass
class ExpiryRun:
    """What one run of ``expire_orders`` did."""

    expired: int = 0
    closed: int = 0
    waiting: int = 0
    paid: int = 0
    failed: int = 0
    stopped: str = ""


def cancel_order(*, order_id: int, actor: str, reason: str, words: str = "") -> bool:
    """Cancel an unpaid order. True: it is closed and its stock is free. False: asked for, the gateway must confirm.

    ``reason`` goes into the history, which keeps it for ever; ``words`` are the customer's own and go onto the order,
    where an erasure finds them.
    Raises CannotCancelError when it is not awaiting payment any more, also when money came first; ShopClosedError
    while a sweep is owed.
    """
    unit_of_work(partial(_ask_closing, order_id, OrderStatus.CANCELLED, actor, reason, words))
    try:
        outcome = finish_closing(order_id=order_id, budget_s=REQUEST_BUDGET_S)
    except GatewayKeyError:
        return False  # recorded as a fact; cron goes on once the key is right
    if outcome is Killed.PAID:
        raise CannotCancelError
    return outcome is Killed.DEAD


def _ask_closing(order_id: int, to: OrderStatus, actor: str, reason: str, words: str = "") -> bool:
    """T1: write the wish under the order's lock. False when an expiry finds nothing to do."""
    require_no_sweep()
    order = lock_order(order_id)
    if order.status != OrderStatus.PENDING_PAYMENT or order.payment_hold:
        if to is OrderStatus.EXPIRED:
            return False
        if order.status == OrderStatus.CANCELLED:
            return True
        raise CannotCancelError(order=order.number, status=order.status, hold=order.payment_hold)
    if not order.is_closing:
        Order.objects.filter(pk=order.pk).update(
            closing_at=Now(),
            closing_to=to,
            closing_by=actor,
            closing_reason=reason[:200],
            cancel_words=words[:200],
        )
        record(order, EventKind.CLOSING, actor=actor, reason=reason, data={"to": to})
    for payment in lock_payments_of(order_id):
        if payment.killed_at is None and payment.status not in MONEY_CAME:
            ask_kill(payment)
    return True


def finish_closing(*, order_id: int, budget_s: float) -> Killed:
    """Kill what can still be paid and close the order as its closing says, within ``budget_s`` seconds.

    DEAD: closed (now or before). PAID: money came first. WAITING or LOST: a later run goes on.
    """
    until = time.monotonic() + budget_s
    while True:
        outcome = unit_of_work(partial(_close_if_dead, order_id))
        if isinstance(outcome, Killed):
            return outcome
        results = [run_kill(payment_id=pk) for pk in outcome]
        if Killed.LOST in results:
            return Killed.LOST
        if Killed.WAITING in results:
            if time.monotonic() + 1.0 > until or not is_somebodys(outcome):
                return Killed.WAITING
            time.sleep(0.2)
        elif time.monotonic() > until:
            return Killed.WAITING


def _close_if_dead(order_id: int) -> Killed | list[int]:
    """T2: close the order if nothing can be paid any more; else return the payments that have to be killed."""
    order = lock_order(order_id)
    if order.status != OrderStatus.PENDING_PAYMENT:
        closed = order.status in {OrderStatus.CANCELLED, OrderStatus.EXPIRED}
        return Killed.DEAD if closed else Killed.PAID
    if not order.is_closing:
        return Killed.WAITING  # somebody took the wish back
    payments = lock_payments_of(order_id)
    if order.payment_hold or covering(lock_transactions(payments)) is not None:
        # Money came that is not accepted (a wrong amount, say): people decide, nothing is released. What went back
        # wholly, or was set aside by a person, is in nobody's way.
        _take_wish_back(order)
        return Killed.PAID
    alive = [payment for payment in payments if not is_dead_for_sure(payment)]
    for payment in alive:
        ask_kill(payment)
    if alive:
        return [payment.pk for payment in alive]
    close_order(order, OrderStatus(order.closing_to), actor=order.closing_by, reason=order.closing_reason)
    return Killed.DEAD


def _take_wish_back(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(closing_at=None, closing_to="", closing_by="", closing_reason="")
    record(order, EventKind.CLOSING, actor="system", reason="penutupan dihentikan: dana masuk")


def release_without_gateway(*, order_id: int, actor: str, reason: str) -> None:
    """Close an unpaid order although the gateway has not confirmed: a person's decision, with a reason, logged.

    Late money is then recorded and given back. Raises CannotCancelError, ShopClosedError while a sweep is owed.
    """
    if not reason.strip():
        raise CannotCancelError("Alasan harus diisi.")

    def body() -> None:
        require_no_sweep()
        order = lock_order(order_id)
        if order.status != OrderStatus.PENDING_PAYMENT or order.payment_hold:
            raise CannotCancelError(order=order.number)
        for payment in lock_payments_of(order_id):
            if payment.killed_at is None and payment.status not in MONEY_CAME:
                ask_kill(payment)
        close_order(order, OrderStatus.CANCELLED, actor=actor, reason=f"tanpa konfirmasi Midtrans: {reason.strip()}")

    unit_of_work(body)


def change_method(*, order_id: int, actor: str) -> StartedPayment:
    """Return a page on which another method can be chosen.

    Before a method was chosen the open page itself offers the choice. Afterwards that payment has to die first, and
    only if the order may then have another one: nobody loses the way to pay that he has. Raises what
    ``start_payment`` raises.
    """
    payment = Payment.objects.filter(order_id=order_id, status__in=[status.value for status in OPEN]).first()
    if payment is not None and not payment.transactions.exists():
        ask_about(payment)  # the notification of a chosen method may be lost or late
    if payment is not None and payment.transactions.exists():
        unit_of_work(partial(_give_method_up, order_id, payment.pk, actor))
        run_kill(payment_id=payment.pk)
    return start_payment(order_id=order_id)


def _give_method_up(order_id: int, payment_id: int, actor: str) -> None:
    """Wish an open payment dead so that another can follow it. Raises what would refuse that other one."""
    order = lock_order(order_id)
    payments = lock_payments_of(order_id)
    now = database_now()
    require_payable(order, payments, now)
    require_open()
    require_room(order, payments, now)
    require_stock(order)
    for row in payments:
        if row.pk == payment_id and row.status in OPEN:
            ask_kill(row)
            record(order, EventKind.PAYMENT, actor=actor, reason="ganti cara bayar")


def expire_orders(
    *,
    limit: int = 200,
    deadline_s: float = 50.0,
    should_stop: Callable[[], bool] = lambda: False,
) -> ExpiryRun:
    """Close unpaid orders past their deadline and grace, and finish every closing that a request left behind.

    One order at a time, oldest first; orders whose payment is to be tried later are left alone, and one that fails is
    logged, counted and passed over, so that a poisoned one delays nobody. A refused server key, or several payments
    that the gateway should know and does not, stop the run with a fact. Raises ShopClosedError while a sweep is owed.
    """
    require_no_sweep()
    until = time.monotonic() + deadline_s
    run, unknown = ExpiryRun(), ManyUnknown()
    for order_id, is_closing in due_orders(limit):
        if time.monotonic() > until or should_stop():
            run.stopped = "asked" if should_stop() else "deadline"
            break
        try:
            outcome = expire_one(order_id, is_closing=is_closing)
        except GatewayKeyError:
            run.stopped = "server_key_refused"
            break
        except (DatabaseConnectionError, ShopClosedError):
            raise
        except Exception:
            logger.exception("expiry.failed", extra={"order_id": order_id})
            run.failed += 1
            continue
        _count(run, outcome, is_closing=is_closing)
        if unknown.add(outcome is Killed.LOST):
            run.stopped = ManyUnknown.KIND
            break
    else:
        unknown.run_is_over(known=run.expired + run.closed)
    return run


def expire_one(order_id: int, *, is_closing: bool) -> Killed | None:
    """Close one order that is due; None when somebody else did meanwhile. Raises GatewayKeyError, ShopClosedError."""
    asked = partial(_ask_closing, order_id, OrderStatus.EXPIRED, "system", "batas waktu pembayaran lewat")
    if not is_closing and not unit_of_work(asked):
        return None
    return finish_closing(order_id=order_id, budget_s=5.0)


def _count(run: ExpiryRun, outcome: Killed | None, *, is_closing: bool) -> None:
    if outcome is None:
        return
    if outcome is Killed.DEAD:
        run.closed += is_closing
        run.expired += not is_closing
    elif outcome is Killed.PAID:
        run.paid += 1
    else:
        run.waiting += 1


def due_orders(limit: int) -> list[tuple[int, bool]]:
    """Return the orders to close now, as (id, closing was asked for), oldest wish first."""
    grace = timedelta(minutes=settings.PAYMENT_GRACE_MINUTES)
    later = Payment.objects.filter(
        order=OuterRef("pk"),
        kill_asked_at__isnull=False,
        killed_at__isnull=True,
        next_attempt_at__gt=Now(),
    )
    rows = (
        Order.objects.filter(status=OrderStatus.PENDING_PAYMENT, payment_hold="")
        .filter(Q(closing_at__isnull=False) | Q(expires_at__lte=Now() - grace))
        .exclude(Exists(later))
        .order_by(F("closing_at").asc(nulls_last=True), "expires_at")
    )
    return [(pk, closing_at is not None) for pk, closing_at in rows.values_list("pk", "closing_at")[:limit]]
