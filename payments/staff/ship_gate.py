"""Why a parcel may not be packed, labelled or sent: one answer for the buttons, the slips and the pasted list."""

from __future__ import annotations

from collections.abc import Iterable

from orders.models import CancelRequest, CancelRequestState, Order
from orders.states import PAID_UNSENT, OrderStatus
from payments.models import Refund
from payments.states import REFUND_OPEN
from shop.models import Reservation
from shop.models.stock import LIVE_RESERVATION_STATES

HELD = "Pembayaran pesanan ini sedang diperiksa, jadi belum boleh dikemas atau dikirim."
SHORT = "Masih ada barang yang stoknya kurang. Catat dulu barang masuknya."
PROMISED = "Permintaan batal pesanan ini sudah disetujui. Jangan dikemas atau dikirim."
ASKED = "Pelanggan minta batal. Jawab dulu, atau kirim lewat halaman pesanannya."
GOING_BACK = "Uang pesanan ini sedang dikembalikan. Jangan dikemas atau dikirim."
LABELLED = PAID_UNSENT | {OrderStatus.SHIPPED}


def why_not(order: Order) -> str:
    """Return why goods of a paid order may not leave, as a sentence; empty when they may."""
    return reasons([order]).get(order.pk, "")


def why_no_label(order: Order) -> str:
    """Return why no slip and no label is printed; empty when they may be, again for a parcel that has left."""
    return label_reasons([order]).get(order.pk, "")


def reasons(orders: Iterable[Order]) -> dict[int, str]:
    """Return ``why_not`` by order id for those that may not leave: three queries, however many orders."""
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
    promised = _with_request(asked, CancelRequestState.ACCEPTED)
    found = {}
    for order in asked:
        if order.payment_hold:
            found[order.pk] = HELD
        elif order.number in short:
            found[order.pk] = SHORT
        elif order.pk in going_back:
            found[order.pk] = GOING_BACK
        elif order.pk in promised and order.status in PAID_UNSENT:
            found[order.pk] = PROMISED
    return found


def reasons_unseen(orders: Iterable[Order]) -> dict[int, str]:
    """Return ``reasons`` for orders that nobody looks at one by one: a wish to cancel keeps those here as well."""
    asked = list(orders)
    return dict.fromkeys(_with_request(asked, CancelRequestState.OPEN), ASKED) | reasons(asked)


def why_not_unseen(order: Order) -> str:
    """Return ``reasons_unseen`` of one order; empty when its goods may leave."""
    return reasons_unseen([order]).get(order.pk, "")


def _with_request(orders: Iterable[Order], state: CancelRequestState) -> set[int]:
    rows = CancelRequest.objects.filter(order__in=[order.pk for order in orders], state=state)
    return set(rows.values_list("order", flat=True))


def label_reasons(orders: Iterable[Order]) -> dict[int, str]:
    """Return ``why_no_label`` by order id for those that get none."""
    asked = list(orders)
    found = reasons(asked)
    for order in asked:
        if order.status not in LABELLED:
            found[order.pk] = f"Status pesanan {OrderStatus(order.status).label}: tidak ada yang dikirim."
    return found
