"""Core charge: a transaction without a Snap page, and the card tokens that it needs."""

from __future__ import annotations

from random import Random

from payments.simulator.bodies import status_body
from payments.simulator.clock import Clock
from payments.simulator.core import INVALID, KEYLESS, core_reply, read_object, under_key, whole
from payments.simulator.errors import CoreError
from payments.simulator.faults import Taken
from payments.simulator.gateway import Gateway
from payments.simulator.idempotency import IdempotencyKeys, usable
from payments.simulator.methods import TEST_CARDS, Method, card_details, chosen_details, find_method
from payments.simulator.records import Status, Transaction
from payments.simulator.settings import Settings
from payments.simulator.snap_rules import ORDER_ID
from payments.simulator.store import Store
from payments.simulator.web import JSON, Reply, Request


class Charge:
    """Handlers of ``/v2/charge`` and ``/v2/token``."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        store: Store,
        gateway: Gateway,
        keys: IdempotencyKeys,
        rng: Random,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._store = store
        self._gateway = gateway
        self._keys = keys
        self._rng = rng
        self._cards: dict[str, str] = {}

    def token(self, request: Request, _target: str, faults: Taken) -> Reply:
        """A one-time token for a card number; asked for with the client key, by a browser."""
        if self._settings.client_key and request.query.get("client_key") != self._settings.client_key:
            raise CoreError(401, "Unknown Merchant client_key")
        number = request.query.get("card_number", "").replace(" ", "")
        if not (number.isdecimal() and 12 <= len(number) <= 19):
            raise CoreError(400, INVALID, validation=["card_number is invalid"])
        token = f"{number[:8]}-{number[-4:]}-{self._gateway.new_id()}"
        self._cards[token] = number
        body = {
            "status_code": "200",
            "status_message": "Credit card token is created as Token ID.",
            "token_id": token,
        }
        return core_reply(body, faults)

    def charge(self, request: Request, _target: str, faults: Taken) -> Reply:
        """Make a transaction at once: pending for most methods, decided for a card."""
        asked = read_object(request)
        method = _method(asked)
        key = request.header("Idempotency-Key")

        def work() -> Reply:
            with self._store.lock:
                return core_reply(self._charge(asked, method), faults)

        return work() if method.key in KEYLESS or not usable(key) else under_key(self._keys, key, work)

    def _charge(self, asked: JSON, method: Method) -> JSON:
        details = asked.get("transaction_details")
        order_id = details.get("order_id") if isinstance(details, dict) else None
        if not isinstance(details, dict) or not isinstance(order_id, str) or not ORDER_ID.fullmatch(order_id[:51]):
            raise CoreError(400, INVALID, validation=["transaction_details.order_id is required"])
        amount = whole(details.get("gross_amount"), "transaction_details.gross_amount")
        if amount < 1 or len(order_id) > 50:
            raise CoreError(400, INVALID, validation=["transaction_details is invalid"])
        if self._store.attempts(order_id):
            raise CoreError(406, "The request could not be completed: order_id has already been utilized")
        now = self._clock.now()
        number = self._card(asked) if method.kind == "card" else ""
        transaction = Transaction(
            transaction_id=self._gateway.new_id(),
            order_id=order_id,
            method=method.key,
            payment_type=method.payment_type,
            status=Status.PENDING,
            gross_amount=amount,
            created_at=now,
            expires_at=now + method.lifetime,
            fraud_status="accept" if method.has_fraud_status else None,
            details=card_details(number, self._rng, three_ds=False) if number else chosen_details(method, self._rng),
        )
        self._gateway.register(transaction)
        if number:
            self._decide(transaction, TEST_CARDS.get(number, "bank_deny"))
        else:
            self._gateway.notify(transaction)
        body = status_body(transaction, self._settings.merchant_id, self._settings.server_key)
        return {**body, "order_id": order_id, "status_message": "Success, transaction is created"}

    def _decide(self, transaction: Transaction, outcome: str) -> None:
        if outcome in {"bank_deny", "fds_deny"}:
            self._gateway.deny_card(transaction, fraud=outcome == "fds_deny")
        else:
            self._gateway.apply(transaction, "capture" if outcome == "accept" else "challenge")

    def _card(self, asked: JSON) -> str:
        card = asked.get("credit_card")
        number = self._cards.pop(str(card.get("token_id")), "") if isinstance(card, dict) else ""
        if not number:
            raise CoreError(411, "Token id is missing, invalid, or timed out")
        return number


def _method(asked: JSON) -> Method:
    """The method that ``payment_type`` and its sub-object name; raises CoreError 400 or 402."""
    kind = asked.get("payment_type")
    inner = asked.get(str(kind))
    inner = inner if isinstance(inner, dict) else {}
    name = str(kind)
    if kind == "bank_transfer":
        name = f"{inner.get('bank')}_va"
    elif kind == "cstore":
        name = str(inner.get("store"))
    if kind is None:
        raise CoreError(400, INVALID, validation=["payment_type is required"])
    method = find_method(name)
    if method is None or method.payment_type != kind:
        raise CoreError(402, "Payment channel is not activated.")
    return method
