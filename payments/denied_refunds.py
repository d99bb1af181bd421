"""Refunds that GET status showed as done and shows no more: a bank may deny one after the gateway had accepted it.

The gateway sends no notification about that. Its answers can also lag behind, so one that does not show a refund only
starts a clock: the refund counts, and its money is not given back a second time, until a later answer agrees.
"""

from __future__ import annotations

from datetime import datetime

from payments import mapping
from payments.dashboard_refunds import key_of, total_shown
from payments.gateway import StatusAnswer
from payments.gateway.midtrans import rupiah_of
from payments.models import PaymentTransaction, Refund
from payments.states import UNSEEN_FOR, RefundChannel, RefundState
from payments.states import TransactionStatus as T

# What a settled transaction is called. A capture is voided, not refunded; a dispute or a reversal has rules of its own.
_SETTLED = frozenset({"settlement", "partial_refund", "refund"})


def find_denied(
    transaction: PaymentTransaction, refunds: list[Refund], answer: StatusAnswer, asked_at: datetime
) -> list[Refund]:
    """Return the DONE refunds that have been missing from the gateway's answers for UNSEEN_FOR, newest first.

    Notes on each row since when it is missing, or that it is back. Transaction and refunds are locked; ``asked_at`` is
    the database's clock before the question. Transfers by bank are unknown to the gateway and never among them.
    """
    done = [row for row in refunds if row.state == RefundState.DONE and row.channel != RefundChannel.BANK]
    if not done or not _tells_of_refunds(transaction, answer):
        return []
    missing = _missing(done, transaction, answer)
    for row in done:
        since = (row.unseen_since or asked_at) if row in missing else None
        if row.unseen_since != since:
            row.unseen_since = since
            row.save(update_fields=["unseen_since"])
    return [row for row in missing if row.unseen_since is not None and asked_at - row.unseen_since >= UNSEEN_FOR]


def _tells_of_refunds(transaction: PaymentTransaction, answer: StatusAnswer) -> bool:
    """Say whether the answer is about settled money and says how much of it went back, nothing included."""
    shown = mapping.transaction_status(answer)
    if answer.status not in _SETTLED or transaction.reversed_at is not None:
        return False
    return shown is T.SUCCESS or total_shown(transaction, answer) > 0


def _missing(done: list[Refund], transaction: PaymentTransaction, answer: StatusAnswer) -> list[Refund]:
    """Return the rows that the gateway does not list, newest first, as far as its total is below ours.

    Without a list only the total speaks, and the newest rows are what it lacks. A row for a total that was never
    listed may stand for several; what is left of it is recorded anew from the same answer.
    """
    listed = {key_of(entry): rupiah_of(entry.get("refund_amount")) for entry in answer.refunds}
    total, sum_of_rows = total_shown(transaction, answer), sum(row.amount for row in done)
    missing = []
    for row in sorted(done, key=lambda row: row.pk, reverse=True):
        if sum_of_rows <= total:
            break
        if listed.get(row.refund_key, listed.get(row.refund_key.removesuffix("-late"))) != row.amount:
            missing.append(row)
            sum_of_rows -= row.amount
    return missing
