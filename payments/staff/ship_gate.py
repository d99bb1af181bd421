"""Why a parcel may not be packed, labelled or sent: one answer for the buttons, the slips and the pasted list."""

from __future__ import annotations

from collections.abc import Iterable

from orders.models import Order
from orders.states import OrderStatus
from payments.models import Refund
from payments.states import REFUND_OPEN
from shop.models import Reservation
from shop.models.stock import LIVE_RESERVATION_STATES

HELD = "Pembayaran pesanan ini sedang diperiksa, jadi belum boleh dikemas atau dikirim."
SHORT = "Masih ada barang yang stoknya kurang. Catat dulu barang masuknya."
GOING_BACK = "Uang pesanan ini sedang dikembalikan. Jangan dikemas atau dikirim."
LABELLED = frozenset({OrderStatus.PAID, OrderStatus.PROCESSING, OrderStatus.SHIPPED})


def why_not(order: Order) -> str:
    """Return why goods of a paid order may not leave, as a sentence; empty when they may."""
    return reasons([order]).get(order.pk, "")


def why_no_label(order: Order) -> str:
    """Return why no slip and no label is printed; empty when they may be, again for a parcel that has left."""
    return label_reasons([order]).get(order.pk, "")


def reasons(orders: Iterable[Order]) -> dict[int, str]:
    """Return ``why_not`` by order id for those that may not leave: two queries, however many orders."""
    asked = list(orders)
    numbers = [order.number for order in asked]
    short = set(
        Reservation.objects.filter(reference__in=numbers, state__in=LIVE_RESERVATION_STATES).values_list(
            "reference", flat=True
        ),
    )
    going_back = set(
        Refund.objects.filter(
            transaction__payment__order__in=[order.pk for order in asked], state__in=REFUND_OPEN
        ).values_list("transaction__payment__order", flat=True),
    )
    found = {}
    for order in asked:
        if order.payment_hold:
            found[order.pk] = HELD
        elif order.number in short:
            found[order.pk] = SHORT
        elif order.pk in going_back:
            found[order.pk] = GOING_BACK
    return found


def label_reasons(orders: Iterable[Order]) -> dict[int, str]:
    """Return ``why_no_label`` by order id for those that get none."""
    asked = list(orders)
    found = reasons(asked)
    for order in asked:
        if order.status not in LABELLED:
            found[order.pk] = f"Status pesanan {OrderStatus(order.status).label}: tidak ada yang dikirim."
    return found
