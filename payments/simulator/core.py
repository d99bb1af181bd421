"""Core API: status and everything that is done to a transaction afterwards."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from payments.simulator.bodies import refund_answer, status_body
from payments.simulator.errors import CoreError
from payments.simulator.faults import Taken
from payments.simulator.gateway import Gateway, as_it_was
from payments.simulator.idempotency import IdempotencyKeys, usable
from payments.simulator.methods import method_of
from payments.simulator.records import Status, Transaction
from payments.simulator.refunds import NOT_MODIFIABLE
from payments.simulator.settings import Settings
from payments.simulator.states import may_happen
from payments.simulator.store import Store
from payments.simulator.web import JSON, Reply, Request, json_reply, strict_json

MISSING = "Transaction doesn't exist."
INVALID = "One or more parameters in the payload is invalid."
# Methods that ignore an idempotency key.
KEYLESS = frozenset({"permata_va", "indomaret"})


class Core:
    """Handlers of ``/v2``; a refusal is raised as CoreError. ``target`` is an order id or a transaction id."""

    def __init__(self, settings: Settings, store: Store, gateway: Gateway, keys: IdempotencyKeys) -> None:
        self._settings = settings
        self._store = store
        self._gateway = gateway
        self._keys = keys

    def status(self, _request: Request, target: str, faults: Taken) -> Reply:
        with self._store.lock:
            transaction = self._find(target, reading=True)
            if "status_404" in faults:
                raise CoreError(404, MISSING)
            if fault := faults.get("status_lags"):
                transaction = as_it_was(transaction, fault.params["shows"])
            body = self._body(transaction)
        if fault := faults.get("status_edited"):
            body = {**body, **fault.params["fields"]}
            body = {name: value for name, value in body.items() if name not in fault.params["remove"]}
        return core_reply(body, faults)

    def status_b2b(self, _request: Request, target: str, faults: Taken) -> Reply:
        with self._store.lock:
            latest = self._find(target, reading=True)
            listed = [self._body(attempt) for attempt in self._store.attempts(latest.order_id)]
        body = {
            "status_code": "200",
            "status_message": "Success, transaction is found",
            "transactions": listed,
        }
        return core_reply(body, faults)

    def act(self, event: str, code: str, message: str) -> Callable[[Request, str, Taken], Reply]:
        """The handler of one of cancel, expire, approve, deny."""

        def handle(request: Request, target: str, faults: Taken) -> Reply:
            def work() -> Reply:
                with self._store.lock:
                    transaction = self._find(target)
                    self._gateway.refresh(transaction)
                    refused = "not_modifiable" in faults or not may_happen(event, transaction)
                    # Core's deny is the answer to a fraud challenge, not the bank's refusal.
                    if refused or (event == "deny" and not transaction.is_challenged):
                        raise CoreError(412, NOT_MODIFIABLE)
                    self._gateway.apply(transaction, event)
                    body = self._body(transaction) | {"status_code": code, "status_message": message}
                return core_reply(body, faults)

            return self._once(request, target, work)

        return handle

    def capture(self, request: Request, target: str, faults: Taken) -> Reply:
        """Take an authorised card payment, or a part of it."""
        amount = read_object(request).get("gross_amount")

        def work() -> Reply:
            with self._store.lock:
                transaction = self._find(target)
                self._gateway.refresh(transaction)
                if "not_modifiable" in faults or transaction.status is not Status.AUTHORIZE:
                    raise CoreError(412, NOT_MODIFIABLE)
                wanted = transaction.gross_amount if amount is None else whole(amount, "gross_amount")
                if not 0 < wanted <= transaction.gross_amount:
                    raise CoreError(400, INVALID, validation=["gross_amount must not exceed the authorized amount"])
                transaction.gross_amount = wanted
                self._gateway.apply(transaction, "capture")
                body = self._body(transaction) | {
                    "status_code": "200",
                    "status_message": "Success, Credit Card capture transaction is successful",
                }
            return core_reply(body, faults)

        return self._once(request, target, work)

    def refund(self, *, direct: bool) -> Callable[[Request, str, Taken], Reply]:
        """The handler of the recommended refund call, or of the older direct one."""

        def handle(request: Request, target: str, faults: Taken) -> Reply:
            asked = read_object(request)
            amount = asked.get("amount")

            def work() -> Reply:
                with self._store.lock:
                    transaction = self._find(target)
                    if "not_modifiable" in faults:
                        raise CoreError(412, NOT_MODIFIABLE)
                    refund = self._gateway.refund(
                        transaction,
                        amount=None if amount is None else whole(amount, "amount"),
                        key=str(asked.get("refund_key") or ""),
                        reason=str(asked.get("reason") or ""),
                        online=direct or method_of(transaction).kind != "card",
                        denied="refund_denied" in faults,
                        held="refund_held" in faults,
                    )
                    by_bank = " by the bank" if direct else ""
                    code, message = "200", f"Success, refund request is approved{by_bank}"
                    if refund.denied:
                        code, message = "202", "Refund denied by the bank"
                    body = refund_answer(transaction, refund, code, message)
                return core_reply(body, faults)

            return self._once(request, target, work)

        return handle

    def _find(self, target: str, *, reading: bool = False) -> Transaction:
        """By transaction id, else the latest attempt of the order id; raises CoreError 404."""
        transaction = self._store.transactions.get(target)
        if transaction is None:
            attempts = self._store.attempts(target)
            if reading:
                attempts = [attempt for attempt in attempts if not method_of(attempt).swaps_order_id]
            if not attempts:
                raise CoreError(404, MISSING)
            transaction = attempts[-1]
        if reading:
            self._gateway.refresh(transaction)
        return transaction

    def _body(self, transaction: Transaction) -> JSON:
        return status_body(transaction, self._settings.merchant_id, self._settings.server_key)

    def _once(self, request: Request, target: str, work: Callable[[], Reply]) -> Reply:
        """Run ``work`` under the call's idempotency key, if it has one that counts."""
        key = request.header("Idempotency-Key")
        with self._store.lock:
            known = self._store.transactions.get(target) or next(iter(self._store.attempts(target)), None)
        if not usable(key) or (known is not None and known.method in KEYLESS):
            return work()
        return under_key(self._keys, key, work)


def under_key(keys: IdempotencyKeys, key: str, work: Callable[[], Reply]) -> Reply:
    """Run ``work`` once per ``key``; a failure frees the key."""
    if (earlier := keys.claim(key)) is not None:
        return earlier
    reply = None
    try:
        reply = work()
    finally:
        keys.finish(key, reply)
    return reply


def core_reply(body: JSON, faults: Taken) -> Reply:
    """HTTP 200 whatever the body says, as Core does; with ``real_http_codes`` the code of the body."""
    code = int(body["status_code"])
    return json_reply(code if code >= 400 and "real_http_codes" in faults else 200, body)


def error_reply(error: CoreError, faults: Taken) -> Reply:
    body: JSON = {"status_code": str(error.code), "status_message": error.message, "id": str(uuid.uuid4())}
    if error.validation:
        body["validation_messages"] = error.validation
    return json_reply(401, body) if error.code == 401 else core_reply(body, faults)


def read_object(request: Request) -> JSON:
    """The JSON object in the body; an empty body is an empty object."""
    try:
        value = strict_json(request.body or b"{}")
    except ValueError:
        raise CoreError(413, "The request cannot be processed due to malformed syntax in the request body") from None
    if not isinstance(value, dict):
        raise CoreError(400, INVALID, validation=["the body must be a JSON object"])
    return value


def whole(value: Any, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise CoreError(400, INVALID, validation=[f"{name} must be a whole number"])
    return value
