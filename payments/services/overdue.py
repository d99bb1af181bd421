"""Payments that should be over and are not: asked about, and closed the way ``expire_orders`` closes them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from config.database import database_now
from orders.states import OrderStatus
from payments.models import Payment, Repair, RepairKind
from payments.services.ask import ask_about
from payments.services.closing import expire_one
from payments.services.kill import run_kill
from payments.services.repairs import note_repair
from payments.states import MONEY_CAME, OPEN
from shop.services.site import require_no_sweep


def is_overdue(payment: Payment) -> bool:
    """Say whether the payment's deadline and grace are over by the database's clock."""
    ends_at: datetime = payment.expires_at + timedelta(minutes=settings.PAYMENT_GRACE_MINUTES)
    return bool(ends_at < database_now())


def settle_overdue(*, gateway_id: str, actor: str) -> Repair | None:
    """Bring one overdue payment to its end, whatever state it is stuck in. None: it is not over, or was over before.

    Nothing is released without Midtrans' word: this asks, makes the payment impossible and closes the order, by the
    same steps as the jobs. Raises GatewayError, ShopClosedError while a sweep is owed.
    """
    require_no_sweep()
    payment = Payment.objects.select_related("order").filter(gateway_id=gateway_id).first()
    if payment is None or payment.order is None or _is_over(payment):
        return None
    before = payment.status
    ask_about(payment, final_too=True, found_by=actor)
    order = payment.order
    order.refresh_from_db()
    if order.status == OrderStatus.PENDING_PAYMENT and (order.is_closing or is_overdue(payment)):
        expire_one(order.pk, is_closing=order.is_closing)
    payment.refresh_from_db()
    if not _is_over(payment) and payment.kill_asked_at is not None:
        run_kill(payment_id=payment.pk)
        payment.refresh_from_db()
    if not _is_over(payment):
        return None
    return note_repair(RepairKind.CLOSED, payment, before=before, after=payment.status, actor=actor)


def _is_over(payment: Payment) -> bool:
    """Say whether nobody can pay it any more, or somebody has."""
    wished_dead = payment.kill_asked_at is not None and payment.killed_at is None
    return payment.status in MONEY_CAME or (payment.status not in OPEN and not wished_dead)
