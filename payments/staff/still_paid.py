"""Whether the money of a parcel is still there: asked again right before its slip and label are printed.

A bank may take money back, or somebody may give it back in the dashboard, and the notification about it may be late or
lost. The ten minutes are how long an answer of GET status counts as fresh.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db.models.functions import Now

from config.database import unit_of_work
from config.deadline import time_left
from config.errors import InvalidInputError
from orders.locks import lock_order
from orders.models import Order
from orders.models.event import EventKind
from orders.transitions import record
from payments.errors import GatewayError, TransactionMissingError
from payments.models import PaymentTransaction
from payments.services.ask import ask_one
from payments.states import MONEY_HERE

FRESH_FOR = timedelta(minutes=10)
ENOUGH_S = 4.0  # what one more question, its answer and the page may take
SILENT = "Midtrans tidak menjawab, jadi belum pasti uangnya masih ada. Coba lagi sebentar."
UNKNOWN = "Midtrans tidak mengenal pembayaran ini. Jangan dikirim sebelum jelas."
NO_TIME = "Belum sempat dicek di Midtrans. Cetak lagi untuk sisanya."


def confirm_money(orders: Iterable[Order]) -> dict[int, str]:
    """GET status for the orders whose money was not confirmed lately; why not, by the id of those without an answer.

    Answers are recorded and have their effect, so statuses and holds have to be read again. Never asks longer than the
    request has left, and asks nobody else once the gateway has not answered.
    """
    missing: dict[int, str] = {}
    silent = False
    for row in _unconfirmed(orders):
        order_id = row.payment.order_id
        assert order_id is not None
        left = time_left()
        if silent or (left is not None and left < ENOUGH_S):
            missing.setdefault(order_id, SILENT if silent else NO_TIME)
            continue
        try:
            ask_one(row.payment, row.transaction_id)
        except TransactionMissingError:
            missing[order_id] = UNKNOWN
        except GatewayError:
            missing[order_id], silent = SILENT, True
    return missing


def needs_asking(order: Order) -> bool:
    """Return whether the gateway has to be asked before this parcel is packed."""
    return bool(_unconfirmed([order]))


def note_unconfirmed_print(*, order_id: int, reason: str, actor: str) -> None:
    """Write down that somebody prints although the gateway was not asked. Locks the order. Raises InvalidInputError."""
    if not reason.strip():
        raise InvalidInputError("reason", "Tulis alasannya.")

    def body() -> None:
        order = lock_order(order_id)
        said = f"slip dicetak tanpa cek Midtrans: {reason.strip()}"
        record(order, EventKind.NOTE, actor=actor, reason=said[:200])

    unit_of_work(body)


def _unconfirmed(orders: Iterable[Order]) -> list[PaymentTransaction]:
    """Return the transactions that pay these orders and whose last answer is no longer fresh, the oldest first."""
    rows = PaymentTransaction.objects.filter(
        payment__order__in=[order.pk for order in orders],
        status__in=MONEY_HERE,
        surplus=False,
        problem="",
        received__gt=0,
        asked_at__lte=Now() - FRESH_FOR,
    )
    return list(rows.select_related("payment").order_by("asked_at"))
