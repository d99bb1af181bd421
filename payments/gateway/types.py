"""What passes between the shop and the gateway."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

# Ids go unescaped into URLs inside midtransclient, so nothing else may ever reach it.
GATEWAY_ID = re.compile(r"[A-Za-z0-9._~\-]{1,64}")


@dataclass(frozen=True)
class SnapItem:
    """One line of the bill; rupiah, a discount is negative."""

    id: str
    name: str
    price: int
    quantity: int


@dataclass(frozen=True)
class SnapRequest:
    """What a payment page is made from. ``amount`` is the exact sum of the items (rupiah); minutes are whole."""

    gateway_id: str
    amount: int
    items: Sequence[SnapItem]
    starts_at: datetime
    minutes: int
    finish_url: str
    customer_name: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True)
class SnapToken:
    """A payment page that now exists."""

    token: str
    redirect_url: str


class TokenCancel(enum.Enum):
    """What became of asking for a page to be closed."""

    CANCELLED = "cancelled"
    ALREADY = "already"
    IN_PROGRESS = "in_progress"
    NOT_FOUND = "not_found"


@dataclass(frozen=True)
class StatusAnswer:
    """One transaction as GET status shows it. ``amount`` is None when the gateway's text is not whole rupiah."""

    transaction_id: str
    order_id: str
    status: str
    fraud_status: str
    payment_type: str
    amount: int | None
    currency: str
    refunded: int
    refunds: Sequence[Mapping[str, Any]] = ()
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RefundAnswer:
    """The answer to a refund: whether the gateway took it. ``reason`` says why not."""

    accepted: bool
    reason: str = ""


class Gateway(Protocol):
    """What the shop asks of a payment gateway.

    Every call has a total deadline. Raises GatewayUnavailableError (outcome unknown), GatewayRejectedError (definite
    refusal), GatewayKeyError, TransactionMissingError. Never called inside a transaction.
    """

    def create(self, request: SnapRequest) -> SnapToken: ...

    def cancel_token(self, token: str) -> TokenCancel: ...

    def status(self, gateway_or_transaction_id: str) -> StatusAnswer: ...

    def cancel(self, gateway_or_transaction_id: str) -> None: ...

    def refund(self, transaction_id: str, *, key: str, amount: int, reason: str) -> RefundAnswer: ...
