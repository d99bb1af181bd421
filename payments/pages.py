"""What the customer's pages about orders and their money are given: values, read once, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from orders.models import CancelRequest, CancelRequestState, Order
from orders.services.cancel_requests import MAY_ASK
from orders.states import PAID_OR_LATER, OrderStatus
from payments import page_state
from payments.instructions import Method, describe
from payments.models import Payment
from payments.page_state import ENDED_BADLY, REORDERABLE, UNPAID, Badge, Money, PageState
from payments.timeline import Entry
from shop.models import ProductImage

ROOM_FOR_ANOTHER = timedelta(minutes=10)  # what a new payment needs at least


@dataclass(frozen=True)
class OrderPaths:
    """The addresses under one order's link."""

    order: str

    @property
    def pay(self) -> str:
        return f"{self.order}bayar/"

    @property
    def cancel(self) -> str:
        return f"{self.order}batal/"

    @property
    def change(self) -> str:
        return f"{self.order}ubah/"

    @property
    def method(self) -> str:
        return f"{self.order}ganti/"

    @property
    def reorder(self) -> str:
        return f"{self.order}lagi/"

    @property
    def check(self) -> str:
        return f"{self.order}cek/"

    @property
    def status(self) -> str:
        return f"{self.order}status.json"

    @property
    def invoice(self) -> str:
        return f"{self.order}faktur/"

    @property
    def ask_cancel(self) -> str:
        return f"{self.order}minta-batal/"

    @property
    def withdraw(self) -> str:
        return f"{self.order}tarik-permintaan/"

    @property
    def received(self) -> str:
        return f"{self.order}diterima/"

    @property
    def make_account(self) -> str:
        return f"{self.order}akun/"

    def place_of(self, state: PageState) -> str:
        """Return where the customer belongs now: the payment page while there is something to pay."""
        return self.pay if state is PageState.WAITING else self.order


@dataclass(frozen=True)
class Line:
    """One line of an order as its pages show it; money in rupiah."""

    name: str
    variant_name: str
    quantity: int
    amount: int
    picture: ProductImage | None


@dataclass(frozen=True)
class Recipient:
    """Whom it goes to: whole for the owner, masked on a guest's link."""

    name: str
    phone: str
    street: str
    place: str
    email: str
    note: str
    is_masked: bool


@dataclass(frozen=True)
class Situation:
    """An order with its money, and the one state that follows from both."""

    order: Order
    state: PageState
    money: Money
    payment: Payment | None
    paid_with: str

    @property
    def method(self) -> Method | None:
        """The chosen way to pay, while it may still be paid."""
        return describe(self.payment.raw, self.payment.method) if self.payment else None

    @property
    def page_url(self) -> str:
        """The gateway's page of the open payment, once it exists."""
        return self.payment.redirect_url if self.payment else ""

    @property
    def mark(self) -> str:
        """A word that changes whenever the waiting pages have to look different."""
        chosen = self.payment.method if self.payment else ""
        return "-".join(part for part in (self.state, chosen, "refused" if self.was_refused else "") if part)

    @property
    def was_refused(self) -> bool:
        """Whether the last attempt at the gateway was refused, so that the customer has to try again."""
        return self.payment is not None and self.payment.raw.get("transaction_status") == "deny"

    @property
    def message(self) -> str:
        return page_state.short_message(self.state)


@dataclass(frozen=True)
class OrderPage:
    """Everything that the page about one order shows, whatever became of it."""

    situation: Situation
    paths: OrderPaths
    badge: Badge
    title: str
    lead: str
    lines: tuple[Line, ...]
    timeline: tuple[Entry, ...]
    recipient: Recipient
    help_url: str
    parcel: Entry | None
    cancel_request: CancelRequest | None

    @property
    def order(self) -> Order:
        return self.situation.order

    @property
    def waits(self) -> bool:
        """Whether there is something to pay now."""
        return self.situation.state is PageState.WAITING

    @property
    def can_cancel(self) -> bool:
        return self.situation.state in {PageState.WAITING, PageState.TIME_UP}

    @property
    def can_reorder(self) -> bool:
        return self.situation.state in REORDERABLE

    @property
    def ended_badly(self) -> bool:
        """Whether ordering the same again is the next thing to do, and not only a convenience."""
        return self.situation.state in ENDED_BADLY

    @property
    def asks_cancel(self) -> bool:
        """Whether the customer waits for an answer to his wish to cancel."""
        return self.cancel_request is not None and self.cancel_request.state == CancelRequestState.OPEN

    @property
    def was_declined(self) -> bool:
        """Whether the last answer was no, and the parcel is still here."""
        declined = self.cancel_request is not None and self.cancel_request.state == CancelRequestState.DECLINED
        return declined and self.order.status in MAY_ASK

    @property
    def can_ask_cancel(self) -> bool:
        return self.order.status in MAY_ASK and not self.asks_cancel and not self.situation.money.returning

    @property
    def can_confirm(self) -> bool:
        """Whether the customer may say that the parcel arrived."""
        return self.order.status == OrderStatus.SHIPPED

    @property
    def can_check(self) -> bool:
        """Whether asking the gateway may change what the page says."""
        return self.situation.state in UNPAID

    @property
    def is_paid(self) -> bool:
        return self.order.paid_at is not None

    @property
    def tells_of_refund(self) -> bool:
        """Whether money goes back while the order goes on; of one that ended for it, the lead says so already."""
        money = self.situation.money
        return bool(money.returned or money.returning) and self.order.status in PAID_OR_LATER

    @property
    def excess(self) -> int:
        """Rupiah that came in beyond the total of a paid order, and are given back."""
        open_states = {OrderStatus.PAID, OrderStatus.PROCESSING, OrderStatus.SHIPPED, OrderStatus.COMPLETED}
        return max(0, self.situation.money.kept - self.order.total) if self.order.status in open_states else 0


@dataclass(frozen=True)
class PayPage:
    """What the payment page shows while an order waits to be paid."""

    situation: Situation
    paths: OrderPaths
    lines: tuple[Line, ...]
    ends_at: datetime
    seconds_left: int
    help_url: str

    @property
    def order(self) -> Order:
        return self.situation.order

    @property
    def method_ends_sooner(self) -> bool:
        """Whether the chosen method (a QR code, say) ends so early that another one can still follow it."""
        return self.order.expires_at - self.ends_at > ROOM_FOR_ANOTHER


@dataclass(frozen=True)
class HistoryRow:
    """One order in the list of a member's orders."""

    order: Order
    badge: Badge
    lines: tuple[Line, ...]

    @property
    def first_lines(self) -> tuple[Line, ...]:
        return self.lines[:2]

    @property
    def more(self) -> int:
        """How many lines the row does not show."""
        return max(0, len(self.lines) - 2)
