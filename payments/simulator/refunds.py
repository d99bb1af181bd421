"""The refund rules of Core: who may give back how much, and what a repeated key means."""

from __future__ import annotations

import re
from random import Random

from payments.simulator.errors import CoreError
from payments.simulator.methods import method_of
from payments.simulator.records import Refund, Status, Transaction

KEY = re.compile(r"[A-Za-z0-9_-]{1,100}")
NOT_MODIFIABLE = "Merchant cannot modify the status of the transaction"
BANK_CONFIRMS_AFTER = 20.0


def find_repeat(transaction: Transaction, key: str) -> Refund | None:
    """The undecided refund that ``key`` asks for again.

    Raises CoreError 406 when that refund is complete. A denied one may be tried again with the same key.
    """
    for refund in transaction.refunds:
        if key and refund.key == key and not refund.denied:
            if refund.held:
                return refund
            raise CoreError(406, "Duplicate refund ID")
    return None


def new_refund(
    transaction: Transaction, *, amount: int | None, key: str, reason: str, online: bool, now: float, rng: Random,
    force: bool = False,
) -> Refund:  # fmt: skip
    """A refund that the rules allow, not yet applied; raises CoreError 400, 412 or 414. No amount: all that is left."""
    method = method_of(transaction)
    left = transaction.gross_amount - transaction.refunded
    wanted = left if amount is None else amount
    if key and not KEY.fullmatch(key):
        raise CoreError(400, "One or more parameters in the payload is invalid.", validation=["refund_key is invalid"])
    if wanted <= 0 and amount is not None:
        raise CoreError(
            400,
            "One or more parameters in the payload is invalid.",
            validation=["amount must be greater than or equal to 1"],
        )
    may = method.refundable and transaction.status in {Status.SETTLEMENT, Status.PARTIAL_REFUND}
    if not may and not force:
        raise CoreError(412, NOT_MODIFIABLE)
    if wanted > left or (method.full_refund_only and wanted != transaction.gross_amount and not force):
        raise CoreError(414, "Refund amount is invalid")
    return Refund(
        chargeback_id=rng.randrange(10**5, 10**8),
        amount=wanted,
        key=key or f"{transaction.order_id}-ref-{rng.randrange(10**6)}",
        reason=reason,
        created_at=now,
        method="online" if online else "offline",
    )


def status_after(transaction: Transaction) -> Status:
    """The status that the sum of the refunds gives."""
    if transaction.refunded >= transaction.gross_amount:
        return Status.REFUND
    return Status.PARTIAL_REFUND if transaction.refunded else Status.SETTLEMENT
