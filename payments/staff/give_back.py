"""Giving an order's money back as a whole, so that it closes once all of it is confirmed back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orders.models import Order
from orders.states import OrderStatus
from payments.errors import GatewayError, RefundRefusedError
from payments.models import PaymentTransaction, Refund
from payments.services.refund_book import refundable
from payments.services.refunds import reject_refund, request_refund, send_refund
from payments.states import RefundChannel, RefundState
from shop.models import User

LEFT = "Paketnya baru saja berangkat, jadi pesanan ini tidak dibatalkan dan uangnya tidak dikembalikan."
_LEFT_THE_HOUSE = frozenset({OrderStatus.SHIPPED, OrderStatus.COMPLETED})


@dataclass(frozen=True)
class GivenBack:
    """What became of the refunds that were begun: amounts in rupiah."""

    done: int = 0
    under_way: int = 0
    to_transfer: int = 0
    to_approve: int = 0
    failed: int = 0


def give_back_everything(*, order_id: int, reason: str, requested_by: User) -> GivenBack:
    """Ask for all money of an order that is not surplus to be given back, and send what may be sent at once.

    The services close the order when the gateway, or the bank's reference, confirms the last of it. Raises
    RefundRefusedError when there is nothing to begin or the parcel has left, and what ``request_refund`` raises.
    """
    begun: list[Refund] = []
    refused = RefundRefusedError("Semua uang pesanan ini sudah atau sedang dikembalikan.")
    rows = PaymentTransaction.objects.filter(payment__order_id=order_id, surplus=False, received__gt=0)
    for row in rows.order_by("pk"):
        if (left := refundable(row)) <= 0:
            continue
        try:
            begun.append(request_refund(transaction_id=row.pk, amount=left, reason=reason, requested_by=requested_by))
        except RefundRefusedError as error:
            refused = error  # another refund of this transaction is under way; the others are begun all the same
    if not begun:
        raise refused
    _require_still_here(order_id, begun, actor=f"staff:{requested_by.pk}")
    for refund in begun:
        send_if_possible(refund)
    return _sum_up(Refund.objects.filter(pk__in=[refund.pk for refund in begun]))


def waits_for_approval(order: Order) -> bool:
    """Return whether a second person has yet to say yes to giving any of an order's money back."""
    asked = Refund.objects.filter(transaction__payment__order=order, state=RefundState.REQUESTED)
    return asked.filter(needs_approval=True, approved_by__isnull=True).exists()


def _require_still_here(order_id: int, begun: Sequence[Refund], *, actor: str) -> None:
    """End the refunds again when the parcel has left meanwhile: then goods and money would both be gone.

    From the moment that a refund is asked for, no parcel leaves (``ship_gate``, under the order's lock), so what is
    found here stays so. Raises RefundRefusedError.
    """
    order = Order.objects.get(pk=order_id)
    if order.status not in _LEFT_THE_HOUSE:
        return
    for refund in begun:
        reject_refund(refund_id=refund.pk, actor=actor, reason=LEFT)
    raise RefundRefusedError(LEFT, order=order.number)


def send_if_possible(refund: Refund) -> None:
    """Send an API refund that needs nobody's approval (any more). Trouble at the gateway is left to the job."""
    if refund.channel != RefundChannel.API or (refund.needs_approval and refund.approved_by_id is None):
        return
    try:
        send_refund(refund_id=refund.pk)
    except GatewayError:
        return  # the row says what is to be done, and process_notifications goes on with it


def _sum_up(refunds: Iterable[Refund]) -> GivenBack:
    sums = dict.fromkeys(GivenBack.__dataclass_fields__, 0)
    for refund in refunds:
        sums[fate_of(refund)] += refund.amount
    return GivenBack(**sums)


def fate_of(refund: Refund) -> str:
    """Return which sum of GivenBack a refund belongs to."""
    if refund.state == RefundState.DONE:
        return "done"
    if refund.state == RefundState.FAILED:
        return "failed"
    if refund.needs_approval and refund.approved_by_id is None:
        return "to_approve"
    return "to_transfer" if refund.channel == RefundChannel.BANK else "under_way"
