"""What the simulator remembers: Snap pages, transactions (attempts) and refunds.

Plain data that ``json`` can write; moments are Unix seconds. Only ``gateway`` and ``snap`` change them, and only
under the store's lock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from payments.simulator.web import JSON


class Status(StrEnum):
    """``transaction_status`` as Midtrans spells it."""

    PENDING = "pending"
    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    SETTLEMENT = "settlement"
    DENY = "deny"
    CANCEL = "cancel"
    EXPIRE = "expire"
    FAILURE = "failure"
    REFUND = "refund"
    PARTIAL_REFUND = "partial_refund"
    CHARGEBACK = "chargeback"
    PARTIAL_CHARGEBACK = "partial_chargeback"


LIVE = frozenset({Status.PENDING, Status.AUTHORIZE})
FAILED = frozenset({Status.DENY, Status.CANCEL, Status.EXPIRE, Status.FAILURE})


@dataclass
class Page:
    """One Snap token and the page behind it."""

    token: str
    order_id: str
    gross_amount: int
    request: JSON
    created_at: float
    deadline: float
    state: str = "open"  # or replaced (created again), cancelled (token cancelled)
    closed_at: float | None = None
    override_urls: list[str] = field(default_factory=list)
    append_urls: list[str] = field(default_factory=list)


@dataclass
class Refund:
    """Money given back, or asked to be."""

    chargeback_id: int
    amount: int
    key: str
    reason: str
    created_at: float
    method: str  # online or offline
    confirmed_at: float | None = None
    held: bool = False  # the bank has not decided
    denied: bool = False


@dataclass
class Transaction:
    """One attempt to pay: what Midtrans gives a ``transaction_id``."""

    transaction_id: str
    order_id: str
    method: str
    payment_type: str
    status: Status
    gross_amount: int
    created_at: float
    expires_at: float
    token: str = ""
    fraud_status: str | None = None
    settled_at: float | None = None
    abandoned: bool = False  # the customer left the 3DS page; it expires by itself
    otp_outcome: str = ""  # what a card in 3DS becomes once the code is right
    otp_failures: int = 0
    chargeback_amount: int = 0
    fee: int = 0
    details: JSON = field(default_factory=dict)  # the fields of its payment type
    custom_fields: JSON = field(default_factory=dict)
    refunds: list[Refund] = field(default_factory=list)
    history: list[tuple[float, str]] = field(default_factory=list)
    override_urls: list[str] = field(default_factory=list)
    append_urls: list[str] = field(default_factory=list)

    @property
    def is_challenged(self) -> bool:
        return self.fraud_status == "challenge" and self.status in {Status.CAPTURE, Status.AUTHORIZE}

    @property
    def is_live(self) -> bool:
        """Still undecided: a customer or the gateway may yet move it."""
        return self.status in LIVE or self.is_challenged

    @property
    def is_paid(self) -> bool:
        """Money came in, even if some of it has gone back since."""
        return not self.is_live and self.status not in FAILED

    @property
    def refunded(self) -> int:
        return sum(refund.amount for refund in self.refunds if not refund.denied)

    @property
    def last_changed_at(self) -> float:
        return self.history[-1][0] if self.history else self.created_at
