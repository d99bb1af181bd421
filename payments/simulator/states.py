"""Which event may happen to a transaction, and which codes its states carry.

``ALLOWED`` is the state machine of docs ``transaction-status-cycle``: event -> the phases it may happen in. A
phase is the status, except that a challenged card is in the phase ``challenge`` whatever its status says.
"""

from __future__ import annotations

from collections.abc import Mapping

from payments.simulator.records import Status, Transaction

ALLOWED: Mapping[str, frozenset[str]] = {
    "settle": frozenset({"pending", "capture"}),
    "capture": frozenset({"pending", "authorize"}),
    "authorize": frozenset({"pending"}),
    "challenge": frozenset({"pending"}),
    "approve": frozenset({"challenge"}),
    "deny": frozenset({"pending", "authorize", "challenge"}),
    "expire": frozenset({"pending", "authorize"}),
    "cancel": frozenset({"pending", "authorize", "capture", "challenge"}),
    "failure": frozenset({"pending"}),
    "reverse": frozenset({"settlement"}),
    "refund": frozenset({"settlement", "partial_refund"}),
    "confirm_refund": frozenset({"refund", "partial_refund"}),
    "deny_refund": frozenset({"refund", "partial_refund"}),
    "chargeback": frozenset({"capture", "settlement", "partial_chargeback"}),
}

CARD_ONLY = frozenset({"capture", "authorize", "challenge", "approve"})


def phase(transaction: Transaction) -> str:
    return "challenge" if transaction.is_challenged else str(transaction.status)


def may_happen(event: str, transaction: Transaction) -> bool:
    """Whether the real gateway could let ``event`` happen to ``transaction`` now."""
    if event in CARD_ONLY and transaction.payment_type != "credit_card":
        return False
    return phase(transaction) in ALLOWED[event]


def webhook_code(transaction: Transaction) -> str:
    """The ``status_code`` of a webhook about this state."""
    match transaction.status:
        case Status.PENDING:
            return "201"
        case Status.CAPTURE | Status.AUTHORIZE:
            return "201" if transaction.is_challenged else "200"
        case Status.DENY | Status.CANCEL | Status.EXPIRE | Status.FAILURE:
            return "202"
        case _:
            return "200"


def status_code(transaction: Transaction) -> str:
    """The ``status_code`` of GET status, which differs from the webhook's for cancel and expire."""
    if transaction.status is Status.CANCEL:
        return "200"
    if transaction.status is Status.EXPIRE:
        return "407"
    if transaction.status is Status.PENDING and transaction.payment_type in {"dana", "shopeepay"}:
        return "200"
    return webhook_code(transaction)
