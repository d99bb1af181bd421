"""Matching the refunds that GET status shows with ours: the gateway's list is what ends a refund that was sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from payments.gateway import StatusAnswer
from payments.gateway.midtrans import rupiah_of
from payments.models import PaymentTransaction, Refund
from payments.states import RefundChannel, RefundState


def match(transaction: PaymentTransaction, refunds: list[Refund], answer: StatusAnswer) -> list[Refund]:
    """Mark our refunds that the gateway shows as DONE, and record what it shows beyond them as DASHBOARD rows.

    Returns the refunds that are DONE since now. Transaction and refunds are locked. The gateway's ``refund_amount`` is
    cumulative.
    """
    total = total_shown(transaction, answer)
    if not total:
        return []
    finished: list[Refund] = []
    by_key = {refund.refund_key: refund for refund in refunds}
    strange: list[tuple[str, int, str]] = []
    for entry in answer.refunds:
        key, amount = key_of(entry), rupiah_of(entry.get("refund_amount"))
        if amount == 0:
            continue  # asked for and denied
        ours = by_key.get(key)
        if ours is not None and ours.state == RefundState.FAILED:
            key, ours = f"{key[:45]}-late", None  # we gave it up, and it happened after all: the money did go back
        if ours is not None and _finish(ours):
            finished.append(ours)
        elif key not in by_key:
            strange.append((key, amount or 0, str(entry.get("reason") or "")))
    done = _done(transaction)
    for key, amount, reason in strange:
        # A row for the total may stand for it already, from an answer that showed no list.
        if amount and done + amount <= total and not Refund.objects.filter(refund_key=key).exists():
            finished.append(_dashboard_row(transaction, amount, key, reason))
            done += amount
    beyond = total - done - _on_its_way(refunds)
    if beyond > 0:
        finished.append(_dashboard_row(transaction, beyond, _unused_key(f"total-{transaction.pk}-{total}"), ""))
    return finished


def key_of(entry: Mapping[str, Any]) -> str:
    """Return what we call one entry of the gateway's list."""
    return str(entry.get("refund_key") or f"gateway-{entry.get('refund_chargeback_id', '')}")[:50]


def _unused_key(key: str) -> str:
    """Return ``key``, with a number if a row has it already: such a refund was denied, and happened after all."""
    taken = set(Refund.objects.filter(refund_key__startswith=key).values_list("refund_key", flat=True))
    names = (key, *(f"{key}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def total_shown(transaction: PaymentTransaction, answer: StatusAnswer) -> int:
    """Return the rupiah that went back at the gateway so far, from whatever part of the answer tells it."""
    listed = sum(rupiah_of(entry.get("refund_amount")) or 0 for entry in answer.refunds)
    whole = transaction.received if answer.status == "refund" else 0
    return max(answer.refunded, listed) or whole


def _on_its_way(refunds: list[Refund]) -> int:
    """Return the rupiah of a refund that we sent: a total without a list may be about it, and the next list tells."""
    sent = (row for row in refunds if row.channel == RefundChannel.API and row.state == RefundState.SENT)
    return sum(row.amount for row in sent)


def _finish(refund: Refund) -> bool:
    if refund.state not in {RefundState.REQUESTED, RefundState.SENT} or refund.channel != RefundChannel.API:
        return False
    now = timezone.now()
    refund.state, refund.done_at = RefundState.DONE, now
    refund.first_sent_at = refund.first_sent_at or now
    refund.last_error, refund.next_attempt_at = "", None
    refund.save(update_fields=["state", "done_at", "first_sent_at", "last_error", "next_attempt_at"])
    return True


def finish_void(transaction: PaymentTransaction) -> bool:
    """End the refund of ours that the void of a captured card carried out; False if the void was not ours."""
    ours = Refund.objects.filter(
        transaction_id=transaction.pk,
        amount=transaction.received,
        channel=RefundChannel.API,
        state__in=[RefundState.SENT, RefundState.DONE],
    ).first()
    if ours is None:
        return False
    _finish(ours)
    return True


def _dashboard_row(transaction: PaymentTransaction, amount: int, key: str, reason: str) -> Refund:
    return Refund.objects.create(
        transaction=transaction,
        amount=amount,
        reason=reason[:200] or "dibuat di dashboard Midtrans",
        refund_key=key,
        channel=RefundChannel.DASHBOARD,
        state=RefundState.DONE,
        done_at=timezone.now(),
    )


def _done(transaction: PaymentTransaction) -> int:
    rows = Refund.objects.filter(transaction=transaction, state=RefundState.DONE)
    return sum(rows.exclude(channel=RefundChannel.BANK).values_list("amount", flat=True))
