"""What the gateway's words mean here: pure functions, from the gateway's status-cycle and 3DS pages."""

from __future__ import annotations

from payments.gateway.types import StatusAnswer
from payments.states import TransactionStatus as T

# How much a status claims, for telling whether a notification claims more than GET status shows.
_RANK = {
    "pending": 0,
    "authorize": 0,
    "deny": 1,
    "expire": 1,
    "expired": 1,
    "cancel": 1,
    "failure": 1,
    "capture": 2,
    "settlement": 2,
    "partial_refund": 3,
    "refund": 4,
    "partial_chargeback": 5,
    "chargeback": 6,
}

# Refundable through the API; everything else goes back by bank transfer.
API_REFUND_TYPES = frozenset(
    {"credit_card", "gopay", "shopeepay", "dana", "ovo", "qris", "kredivo", "akulaku"},
)
FULL_REFUND_ONLY = frozenset({"shopeepay", "ovo"})


def transaction_status(answer: StatusAnswer) -> T:
    """Return what a transaction is. Paid is settlement with nothing against it, or a capture that was accepted."""
    fraud = answer.fraud_status
    match answer.status:
        case "settlement":
            return T.SUCCESS if fraud in {"", "accept"} else T.CHALLENGE
        case "capture":
            # Without a fraud verdict nothing is promoted: fail closed.
            return {"accept": T.SUCCESS, "challenge": T.CHALLENGE, "deny": T.FAILED}.get(fraud, T.UNKNOWN)
        case "authorize":
            return T.CHALLENGE if fraud == "challenge" else T.PENDING
        case "pending":
            return T.PENDING
        case "deny" | "failure":
            return T.FAILED
        case "cancel":
            return T.CANCELLED
        case "expire":
            return T.EXPIRED
        case "partial_refund":
            return T.PARTIALLY_REFUNDED
        case "refund":
            return T.REFUNDED
        case "chargeback" | "partial_chargeback":
            return T.CHARGEBACK
        case _:
            return T.UNKNOWN


def claims_more(claimed: str, shown: str) -> bool:
    """Say whether a notification's status claims more than GET status shows; an unknown word claims the most."""
    claimed, shown = claimed.strip().lower(), shown.strip().lower()
    if claimed == shown:
        return False
    waiting = {"pending", "authorize"}
    if claimed in {"deny", "cancel", "failure"}:
        return shown in waiting | {"capture", "settlement"}  # a reversal or a void that GET does not show yet
    if claimed in {"expire", "expired"}:
        return shown in waiting
    return _RANK.get(claimed, 9) > _RANK.get(shown, 9)


def refund_channel_is_api(payment_type: str) -> bool:
    """Say whether money paid this way can be given back through the API."""
    return payment_type in API_REFUND_TYPES
