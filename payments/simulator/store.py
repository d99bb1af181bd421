"""The pages and transactions, by every id that a caller may use, behind one lock."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import fields
from typing import TypeVar

from payments.simulator.records import Page, Refund, Status, Transaction
from payments.simulator.web import JSON

Record = TypeVar("Record", Page, Refund, Transaction)


class Store:
    """Everything here is read and changed while holding ``lock``."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.pages: dict[str, Page] = {}
        self.transactions: dict[str, Transaction] = {}
        self._tokens: dict[str, str] = {}
        self._orders: dict[str, list[Transaction]] = {}
        self.on_change: Callable[[], None] = lambda: None

    def add_page(self, page: Page) -> None:
        """Remember ``page`` as the current one of its order id."""
        self.pages[page.token] = page
        self._tokens[page.order_id] = page.token
        self.on_change()

    def add_transaction(self, transaction: Transaction) -> None:
        self.transactions[transaction.transaction_id] = transaction
        self._orders.setdefault(transaction.order_id, []).append(transaction)
        self.on_change()

    def current_page(self, order_id: str) -> Page | None:
        return self.pages.get(self._tokens.get(order_id, ""))

    def attempts(self, order_id: str) -> list[Transaction]:
        """The transactions of an order id, oldest first."""
        return self._orders.get(order_id, [])

    def page_attempts(self, page: Page) -> list[Transaction]:
        return [attempt for attempt in self.attempts(page.order_id) if attempt.token == page.token]

    def order_ids(self) -> list[str]:
        return list(dict.fromkeys([*self._tokens, *self._orders]))

    def clear(self) -> None:
        for mapping in (self.pages, self.transactions, self._tokens, self._orders):
            mapping.clear()
        self.on_change()

    def dump(self) -> str:
        with self.lock:
            content = {"pages": list(self.pages.values()), "transactions": list(self.transactions.values())}
            return json.dumps(content, default=vars)

    def load(self, content: JSON, *, not_before: float) -> None:
        """Take over what ``dump`` wrote; what nobody has touched since ``not_before`` is forgotten."""
        with self.lock:
            for raw in content["pages"]:
                page = _record(Page, raw)
                if page.deadline >= not_before:
                    self.add_page(page)
            for raw in content["transactions"]:
                transaction = _record(Transaction, raw)
                transaction.status = Status(transaction.status)
                transaction.refunds = [_record(Refund, refund) for refund in raw["refunds"]]
                transaction.history = [(moment, text) for moment, text in raw["history"]]
                if max(transaction.last_changed_at, transaction.expires_at) >= not_before:
                    self.add_transaction(transaction)


def _record(kind: type[Record], raw: JSON) -> Record:
    """A record from JSON; unknown fields of another version are dropped, new ones take their default."""
    known = {item.name for item in fields(kind)}
    return kind(**{name: value for name, value in raw.items() if name in known})
