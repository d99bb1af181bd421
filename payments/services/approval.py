"""Which refunds one person may begin and send alone, and which need a second one."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Sum

from orders.models import Order
from payments import refund_rules
from payments.models import PaymentTransaction, Refund
from payments.states import RefundChannel, RefundState


def needs_second_person(row: PaymentTransaction, order: Order | None, *, amount: int, channel: RefundChannel) -> bool:
    """Return whether a refund of ``amount`` rupiah that begins now has to be approved by another person.

    It has to when the order's refunds together pass ``REFUND_APPROVAL_ABOVE``: a sum in small parts is the same sum.
    And when money that the gateway would give back to whoever paid is to go to a bank account instead, unless the
    gateway refused to. The caller holds the locks of ``locked_transaction``, so no other refund begins meanwhile.
    """
    if channel is RefundChannel.BANK and refund_rules.goes_by_api(row) and not _gateway_refused(row):
        return True
    begun = Refund.objects.exclude(state=RefundState.FAILED)
    begun = begun.filter(transaction__payment__order=order) if order else begun.filter(transaction=row)
    before: int = begun.aggregate(sum=Sum("amount"))["sum"] or 0
    return before + amount > settings.REFUND_APPROVAL_ABOVE


def _gateway_refused(row: PaymentTransaction) -> bool:
    refused = Refund.objects.filter(transaction=row, channel=RefundChannel.API, state=RefundState.FAILED)
    return refused.filter(first_sent_at__isnull=False).exists()
