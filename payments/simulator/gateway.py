"""What happens to transactions: chosen, paid, refused, expired, given back. The only writer of their state."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from functools import partial
from random import Random

from payments.simulator.clock import Clock, Scheduler, wib
from payments.simulator.errors import ControlError, CoreError
from payments.simulator.methods import (
    DAY,
    MINUTE,
    Method,
    card_details,
    chosen_details,
    find_method,
    method_of,
    offered,
    paid_details,
)
from payments.simulator.notifier import Notifier
from payments.simulator.records import LIVE, Page, Refund, Status, Transaction
from payments.simulator.refunds import BANK_CONFIRMS_AFTER, find_repeat, new_refund, status_after
from payments.simulator.snap_rules import method_deadline
from payments.simulator.states import may_happen, phase
from payments.simulator.store import Store

CAPTURE_SETTLES_AFTER = DAY
CHALLENGE_CANCELLED_AFTER = DAY
AUTHORIZATION_LASTS = 7 * DAY
THREE_DS_LASTS = 15 * MINUTE
ACCEPTED_CARD = "4811111111111114"


@dataclass(frozen=True)
class Happened:
    """A transaction after an event, and the deliveries that tell of it."""

    transaction: Transaction
    deliveries: list[int]


class Gateway:
    """Every public method takes the store's lock itself; callers may hold it already."""

    def __init__(self, clock: Clock, scheduler: Scheduler, store: Store, notifier: Notifier, rng: Random) -> None:
        self._clock = clock
        self._scheduler = scheduler
        self._store = store
        self._notifier = notifier
        self._rng = rng

    def new_id(self) -> str:
        """A UUID from the seeded generator that nothing here uses yet (a restart may replay the seed)."""
        while True:
            made = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
            if made not in self._store.transactions and made not in self._store.pages:
                return made

    # -- attempts ------------------------------------------------------------------------------------------------

    def choose(
        self, order_id: str, method_name: str, *, deliver: bool = True, force: bool = False, fee: int = 0
    ) -> Happened:
        """The customer picks a method: a pending transaction. Raises ControlError 400, 404 or 409."""
        method = find_method(method_name)
        if method is None:
            raise ControlError(400, f"Unknown payment method {method_name!r}.")
        with self._store.lock:
            page = self._store.current_page(order_id)
            if page is None:
                raise ControlError(404, f"No Snap page was made for order id {order_id!r}.")
            if not force:
                self.check_payable(page, method)
            transaction = self.begin(page, method, fee=fee)
            if method.kind == "card":
                transaction.details = card_details(ACCEPTED_CARD, self._rng, three_ds=True)
                transaction.otp_outcome = "accept"
            return Happened(transaction, self._notifier.notify(transaction) if deliver else [])

    def check_payable(self, page: Page, method: Method) -> None:
        """Raise ControlError 409 unless a customer could pay ``page`` with ``method`` now."""
        if page.state != "open" or page.deadline <= self._clock.now():
            raise ControlError(409, f"The Snap page is {'expired' if page.state == 'open' else page.state}.")
        for attempt in self._store.attempts(page.order_id):
            self.refresh(attempt)
            if attempt.is_paid or (attempt.is_live and not attempt.abandoned):
                raise ControlError(409, f"Transaction {attempt.transaction_id} of this order is {attempt.status}.")
        if method not in offered(page.request.get("enabled_payments")):
            raise ControlError(409, f"{method.key} is not among enabled_payments of this page.")

    def begin(self, page: Page, method: Method, *, fee: int = 0) -> Transaction:
        """A new pending attempt on ``page``; nobody is told yet."""
        now = self._clock.now()
        expires_at = method_deadline(page.request, method, now)
        transaction = Transaction(
            transaction_id=self._transaction_id(method),
            order_id=page.order_id,
            method=method.key,
            payment_type=method.payment_type,
            status=Status.PENDING,
            gross_amount=page.gross_amount + fee,
            created_at=now,
            expires_at=min(expires_at, now + THREE_DS_LASTS) if method.kind == "card" else expires_at,
            token=page.token,
            fraud_status="accept" if method.has_fraud_status else None,
            fee=fee,
            details=chosen_details(method, self._rng),
            custom_fields={
                name: page.request[name]
                for name in ("custom_field1", "custom_field2", "custom_field3")
                if page.request.get(name)
            },
            override_urls=list(page.override_urls),
            append_urls=list(page.append_urls),
        )
        self.register(transaction)
        return transaction

    def register(self, transaction: Transaction) -> None:
        """Remember a new attempt and watch its deadline."""
        with self._store.lock:
            self._store.add_transaction(transaction)
            self._move(transaction, transaction.status)
            self._watch(transaction)

    def _transaction_id(self, method: Method) -> str:
        made = self.new_id()
        if not method.swaps_order_id:
            return made
        # DANA and the BI-SNAP accounts have ids of another shape.
        return f"A12{wib(self._clock.now())[2:10].replace('-', '')}{made.replace('-', '')[:20].upper()}ID"

    def notify(self, transaction: Transaction) -> list[int]:
        with self._store.lock:
            return self._notifier.notify(transaction)

    # -- events --------------------------------------------------------------------------------------------------

    def apply(
        self,
        transaction: Transaction,
        event: str,
        *,
        deliver: bool = True,
        force: bool = False,
        amount: int | None = None,
    ) -> Happened:
        """Let ``event`` happen and send its webhook. Raises ControlError 409 where the real gateway would not."""
        with self._store.lock:
            self.refresh(transaction)
            if not force and not may_happen(event, transaction):
                raise ControlError(
                    409, f"{event} cannot happen to a {transaction.method} that is {phase(transaction)}."
                )
            if event == "refund":
                try:
                    refund = new_refund(
                        transaction, amount=amount, key="", reason="", online=False,
                        now=self._clock.now(), rng=self._rng, force=force,
                    )  # fmt: skip
                except CoreError as error:
                    raise ControlError(409, error.message) from error
                return Happened(transaction, self._give_back(transaction, refund, deliver=deliver))
            if event == "confirm_refund":
                return Happened(transaction, self._confirm_refunds(transaction, deliver=deliver))
            if event == "deny_refund":
                self._deny_refunds(transaction)
                return Happened(transaction, [])  # the real one tells of success only
            self._change(transaction, event, amount)
            return Happened(transaction, self._notifier.notify(transaction) if deliver else [])

    def _change(self, transaction: Transaction, event: str, amount: int | None) -> None:
        accepted = "accept" if method_of(transaction).has_fraud_status else None
        match event:
            case "settle":
                transaction.settled_at = self._clock.now()
                paid_at = wib(transaction.settled_at)
                transaction.details |= paid_details(method_of(transaction), transaction, self._rng, paid_at)
                transaction.fraud_status = accepted
                self._move(transaction, Status.SETTLEMENT)
            case "capture" | "approve":
                transaction.fraud_status = accepted
                self._move(transaction, Status.CAPTURE)
            case "authorize":
                transaction.expires_at = self._clock.now() + AUTHORIZATION_LASTS
                self._move(transaction, Status.AUTHORIZE)
            case "challenge":
                transaction.fraud_status = "challenge"
                self._move(transaction, Status.CAPTURE)
            case "deny" | "reverse":
                if transaction.is_challenged:
                    transaction.fraud_status = "deny"
                self._move(transaction, Status.DENY)
            case "chargeback":
                left = transaction.gross_amount - transaction.chargeback_amount
                transaction.chargeback_amount += min(left if amount is None else amount, left)
                partly = transaction.chargeback_amount < transaction.gross_amount
                self._move(transaction, Status.PARTIAL_CHARGEBACK if partly else Status.CHARGEBACK)
            case _:
                ends = {"expire": Status.EXPIRE, "cancel": Status.CANCEL, "failure": Status.FAILURE}
                self._move(transaction, ends[event])
        self._watch(transaction)

    def deny_card(self, transaction: Transaction, *, fraud: bool) -> Happened:
        """The bank, or the fraud check, refuses the card."""
        with self._store.lock:
            transaction.fraud_status = "deny" if fraud else "accept"
            transaction.details |= {
                "channel_response_code": "05",
                "channel_response_message": "Do not honour",
            }
            transaction.details.pop("approval_code", None)
            self._move(transaction, Status.DENY)
            return Happened(transaction, self._notifier.notify(transaction))

    def _move(self, transaction: Transaction, status: Status) -> None:
        transaction.status = status
        transaction.history.append((self._clock.now(), phase(transaction)))
        self._store.on_change()

    # -- refunds -------------------------------------------------------------------------------------------------

    def refund(
        self, transaction: Transaction, *, amount: int | None, key: str, reason: str, online: bool,
        denied: bool = False, held: bool = False,
    ) -> Refund:  # fmt: skip
        """A refund asked for through Core; raises CoreError. A denied one changes nothing but is returned."""
        with self._store.lock:
            self.refresh(transaction)
            if repeat := find_repeat(transaction, key):
                return repeat
            refund = new_refund(
                transaction, amount=amount, key=key, reason=reason, online=online,
                now=self._clock.now(), rng=self._rng,
            )  # fmt: skip
            if denied:
                refund.denied = True
                transaction.refunds.append(refund)
                self._store.on_change()
            else:
                refund.held = held
                self._give_back(transaction, refund, deliver=True)
            return refund

    def _give_back(self, transaction: Transaction, refund: Refund, *, deliver: bool) -> list[int]:
        transaction.refunds.append(refund)
        self._move(transaction, status_after(transaction))
        if not refund.held:
            wait = self._clock.scaled(BANK_CONFIRMS_AFTER)
            self._scheduler.after(wait, partial(self._bank_confirms, transaction, refund, deliver))
        return self._notifier.notify(transaction) if deliver else []

    def _bank_confirms(self, transaction: Transaction, refund: Refund, deliver: bool) -> None:
        with self._store.lock:
            known = self._store.transactions.get(transaction.transaction_id) is transaction
            if known and refund.confirmed_at is None and not refund.denied:
                refund.confirmed_at = self._clock.now()
                self._store.on_change()
                if deliver:
                    self._notifier.notify(transaction)

    def _confirm_refunds(self, transaction: Transaction, *, deliver: bool) -> list[int]:
        for refund in transaction.refunds:
            if refund.confirmed_at is None and not refund.denied:
                refund.confirmed_at, refund.held = self._clock.now(), False
        self._store.on_change()
        return self._notifier.notify(transaction) if deliver else []

    def _deny_refunds(self, transaction: Transaction) -> None:
        for refund in transaction.refunds:
            if refund.confirmed_at is None:
                refund.denied, refund.held = True, False
        self._move(transaction, status_after(transaction))

    # -- time ----------------------------------------------------------------------------------------------------

    def refresh(self, transaction: Transaction) -> None:
        """Expire ``transaction`` if its time is over; a reader must not be quicker than the timer."""
        with self._store.lock:
            overdue = transaction.status in LIVE and transaction.expires_at <= self._clock.now()
            if overdue and not transaction.is_challenged:
                self._change(transaction, "expire", None)
                self._notifier.notify(transaction)

    def resume(self) -> None:
        """Watch every transaction again after the state was loaded."""
        with self._store.lock:
            for transaction in self._store.transactions.values():
                self._watch(transaction)
                for refund in transaction.refunds:
                    if refund.confirmed_at is None and not refund.held and not refund.denied:
                        wait = self._clock.scaled(BANK_CONFIRMS_AFTER)
                        self._scheduler.after(wait, partial(self._bank_confirms, transaction, refund, True))

    def _watch(self, transaction: Transaction) -> None:
        if transaction.is_challenged:
            self._later(transaction, CHALLENGE_CANCELLED_AFTER, "cancel")
        elif transaction.status is Status.CAPTURE:
            self._later(transaction, CAPTURE_SETTLES_AFTER, "settle")
        elif transaction.status in LIVE:
            self._scheduler.at(transaction.expires_at, partial(self.refresh, transaction))

    def _later(self, transaction: Transaction, seconds: float, event: str) -> None:
        """What the gateway does by itself unless the transaction has moved on by then."""
        before = phase(transaction)

        def happen() -> None:
            with self._store.lock:
                known = self._store.transactions.get(transaction.transaction_id) is transaction
                if known and phase(transaction) == before:
                    self.apply(transaction, event)

        self._scheduler.at(transaction.last_changed_at + self._clock.scaled(seconds), happen)


def as_it_was(transaction: Transaction, status: str) -> Transaction:
    """A copy that has not yet reached its present status: what a lagging GET status shows."""
    late = ("approval_code", "payment_option_type", "reference_id", "transaction_type", "issuer")
    details = {name: value for name, value in transaction.details.items() if name not in late}
    if "payment_amounts" in details:
        details["payment_amounts"] = []
    return replace(
        transaction, status=Status(status), settled_at=None, refunds=[], chargeback_amount=0, details=details
    )
