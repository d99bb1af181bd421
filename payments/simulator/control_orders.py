"""The part of the control API that plays the customer and the banks: orders, their transactions, webhooks."""

from __future__ import annotations

from typing import Any

from payments.simulator.bodies import control_page, control_view, sign
from payments.simulator.clock import Clock, wib
from payments.simulator.deliveries import Deliveries
from payments.simulator.errors import ControlError
from payments.simulator.gateway import Gateway, Happened
from payments.simulator.notifier import Notifier
from payments.simulator.records import Transaction
from payments.simulator.settings import Settings
from payments.simulator.states import ALLOWED, CARD_ONLY
from payments.simulator.store import Store
from payments.simulator.web import JSON

LONGEST_WAIT = 30.0


class OrderControl:
    """What can be asked about an order id, and done to it."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        store: Store,
        gateway: Gateway,
        notifier: Notifier,
        deliveries: Deliveries,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._store = store
        self._gateway = gateway
        self._notifier = notifier
        self._deliveries = deliveries

    def all(self, base_url: str) -> JSON:
        with self._store.lock:
            return {"orders": [self.order(name, base_url) for name in self._store.order_ids()]}

    def order(self, order_id: str, base_url: str) -> JSON:
        with self._store.lock:
            page, attempts = self._store.current_page(order_id), self._store.attempts(order_id)
            if page is None and not attempts:
                raise ControlError(404, f"Order id {order_id!r} is unknown.")
            for attempt in attempts:
                self._gateway.refresh(attempt)
            return {
                "order_id": order_id,
                "gross_amount": page.gross_amount if page else attempts[-1].gross_amount,
                "page": control_page(page, base_url, self._clock.now()) if page else None,
                "transactions": [control_view(attempt, self._settings.merchant_id) for attempt in attempts],
            }

    def choose(self, order_id: str, body: JSON) -> JSON:
        method, fee = body.get("method", "bca_va"), _rupiah(body, "fee") or 0
        deliver, force = flag(body, "deliver", standard=True), flag(body, "force", standard=False)
        return self._told(self._gateway.choose(order_id, str(method), deliver=deliver, force=force, fee=fee), body)

    def event(self, order_id: str, body: JSON) -> JSON:
        event, amount = body.get("event"), _rupiah(body, "amount")
        if not isinstance(event, str) or event not in ALLOWED:
            raise ControlError(400, f"event is one of {', '.join(ALLOWED)}.")
        deliver, force = flag(body, "deliver", standard=True), flag(body, "force", standard=False)
        with self._store.lock:
            earlier: list[int] = []
            transaction = self._attempt(order_id, body)
            nothing_waits = transaction is None or not (transaction.is_live or transaction.is_paid)
            if event == "expire" and nothing_waits and not force:
                return self._expire_page(order_id)
            if transaction is None:
                method = body.get("method") or ("credit_card" if event in CARD_ONLY else "bca_va")
                chosen = self._gateway.choose(order_id, str(method), deliver=deliver, force=force)
                transaction, earlier = chosen.transaction, chosen.deliveries
            happened = self._gateway.apply(transaction, event, deliver=deliver, force=force, amount=amount)
        return self._told(Happened(happened.transaction, [*earlier, *happened.deliveries]), body)

    def _attempt(self, order_id: str, body: JSON) -> Transaction | None:
        """The transaction that the body names, else the latest one; None when there is none, or a new is needed."""
        attempts = self._store.attempts(order_id)
        if wanted := body.get("transaction_id"):
            for attempt in attempts:
                if attempt.transaction_id == wanted:
                    return attempt
            raise ControlError(404, f"Order id {order_id!r} has no transaction {wanted!r}.")
        if not attempts:
            return None
        latest = attempts[-1]
        self._gateway.refresh(latest)
        # "settle" with a method after a refused attempt is the customer trying again on the same page.
        again = body.get("method") is not None and not latest.is_live and not latest.is_paid
        return None if again else latest

    def _expire_page(self, order_id: str) -> JSON:
        """An unused page ends without any webhook."""
        page = self._store.current_page(order_id)
        if page is None:
            raise ControlError(404, f"No Snap page was made for order id {order_id!r}.")
        page.deadline = min(page.deadline, self._clock.now())
        self._store.on_change()
        return {"order_id": order_id, "transaction_status": None, "deliveries": []}

    def _told(self, happened: Happened, body: JSON) -> JSON:
        with self._store.lock:
            view = control_view(happened.transaction, self._settings.merchant_id)
        self.wait(happened.deliveries, body)
        return {**view, "deliveries": happened.deliveries}

    def notify(self, body: JSON) -> JSON:
        """A signed webhook with any content, like the dashboard's test button."""
        fields = body.get("fields", {})
        if not isinstance(fields, dict):
            raise ControlError(400, "fields is an object.")
        now = wib(self._clock.now())
        content = {
            "transaction_time": now, "transaction_status": "settlement", "settlement_time": now,
            "transaction_id": self._gateway.new_id(), "status_message": "midtrans payment notification",
            "status_code": "200", "payment_type": "bank_transfer", "order_id": f"payment_notif_test_{now[:10]}",
            "merchant_id": self._settings.merchant_id, "gross_amount": "105000.00", "fraud_status": "accept",
            "currency": "IDR", **{str(name): value for name, value in fields.items()},
        }  # fmt: skip
        ids = self._notifier.send(sign(content, self._settings.server_key), [self._settings.notification_url])
        self.wait(ids, body)
        return {"deliveries": [self._deliveries.get(number).view() for number in ids]}

    def wait(self, ids: list[int], body: JSON) -> None:
        """Unless told not to, answer only when the shop has answered the webhook (or failed to)."""
        if flag(body, "wait", standard=True):
            self._deliveries.wait(ids, LONGEST_WAIT)


def flag(body: JSON, name: str, *, standard: bool) -> bool:
    value = body.get(name, standard)
    if not isinstance(value, bool):
        raise ControlError(400, f"{name} is true or false.")
    return value


def _rupiah(body: JSON, name: str) -> int | None:
    value: Any = body.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise ControlError(400, f"{name} is a whole number of rupiah from 1.")
    return value
