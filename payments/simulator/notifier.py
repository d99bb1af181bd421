"""Decides what is sent about a transaction and to whom, and applies the webhook faults."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random

from payments.simulator.bodies import sign, webhook_body
from payments.simulator.deliveries import Deliveries, Delivery
from payments.simulator.faults import WEBHOOK, FaultBoard, Taken
from payments.simulator.records import Transaction
from payments.simulator.settings import Settings
from payments.simulator.web import JSON

HUGE = 2_000_000
ODD_FIELD_EVERY = 8  # Midtrans adds fields without warning; about one body in eight has one


class Notifier:
    """Turns a transaction's present state into deliveries."""

    def __init__(self, settings: Settings, deliveries: Deliveries, faults: FaultBoard, rng: Random) -> None:
        self._settings = settings
        self._deliveries = deliveries
        self._faults = faults
        self._rng = rng

    def notify(self, transaction: Transaction) -> list[int]:
        """Send the webhook of the state ``transaction`` is in; the ids of the deliveries made."""
        body = webhook_body(transaction, self._settings.merchant_id, self._settings.server_key)
        if self._rng.randrange(ODD_FIELD_EVERY) == 0:
            body["simulator_field"] = "unknown fields must be tolerated"
        urls = transaction.override_urls or [self._settings.notification_url]
        return self.send(body, list(dict.fromkeys([*urls, *transaction.append_urls])))

    def send(self, body: JSON, urls: Sequence[str]) -> list[int]:
        """Send ``body``, changed as the faults say, to each URL."""
        facts = (str(body["order_id"]), str(body["transaction_id"]), str(body["transaction_status"]))
        faults = self._faults.take(WEBHOOK, *facts)
        text, encoding = self._text(self._changed(body, faults), faults)
        earlier = self._deliveries.unpark(facts[0])
        ids = []
        for url in filter(None, urls):
            copies = [
                self._deliveries.record(
                    order_id=facts[0], transaction_id=facts[1], transaction_status=facts[2],
                    url=url, body=text, encoding=encoding,
                )
                for _ in range(_copies(faults))
            ]  # fmt: skip
            ids += [copy.id for copy in copies]
            self._dispatch(copies, faults)
        for delivery in earlier:
            self._deliveries.start([delivery])
        return ids

    def _dispatch(self, copies: list[Delivery], faults: Taken) -> None:
        hold = faults.get("hold")
        if "webhook_concurrent" in faults and not {"webhook_dropped", "webhook_delayed"} & set(faults):
            self._deliveries.start(copies, hold=hold)
            return
        for delivery in copies:
            if "webhook_dropped" in faults:
                self._deliveries.drop(delivery)
            elif "webhook_delayed" in faults:
                self._deliveries.delay(delivery, float(faults["webhook_delayed"].params["seconds"]))
            elif "webhook_reordered" in faults:
                self._deliveries.park(delivery)
            else:
                self._deliveries.start([delivery], hold=hold)

    def _changed(self, body: JSON, faults: Taken) -> JSON:
        """``body`` with the faults' edits; signed again wherever a real gateway's body would verify."""
        edits: JSON = {}
        removed: list[str] = []
        if fault := faults.get("webhook_amount"):
            edits["gross_amount"] = fault.params["amount"]
        if "webhook_no_decimals" in faults:
            edits["gross_amount"] = body["gross_amount"].removesuffix(".00")
        for name in ("webhook_tampered", "webhook_unknown_status"):
            if fault := faults.get(name):
                edits["transaction_status"] = fault.params["becomes"]
        if "webhook_uppercase" in faults:
            edits["transaction_status"] = str(body["transaction_status"]).upper()
        if "webhook_missing_fraud" in faults:
            removed.append("fraud_status")
        signed = True
        if fault := faults.get("webhook_edited"):
            edits |= fault.params["fields"]
            removed += fault.params["remove"]
            signed = fault.params["signed"]
        body = {**body, **edits}
        if signed and "signature_key" not in edits:
            body = sign(body, self._settings.server_key)
        if "webhook_wrong_signature" in faults:
            body["signature_key"] = "0" * 128
        if fault := faults.get("webhook_other_key"):
            body = sign(body, fault.params["key"])
        return {name: value for name, value in body.items() if name not in removed}

    def _text(self, body: JSON, faults: Taken) -> tuple[str, str]:
        fields = list(body.items())
        self._rng.shuffle(fields)  # the order of keys is not promised
        text = json.dumps(dict(fields))
        match faults["webhook_body"].params["shape"] if "webhook_body" in faults else "":
            case "huge":
                return json.dumps({**body, "padding": "x" * HUGE}), "utf-8"
            case "invalid":
                return text[: len(text) // 2], "utf-8"
            case "non_utf8":
                return text.replace("{", '{"note":"\xff\xfe",', 1), "latin-1"
            case "array":
                return json.dumps([body]), "utf-8"
            case "empty":
                return "", "utf-8"
        return text, "utf-8"


def _copies(faults: Taken) -> int:
    named = (faults[name] for name in ("webhook_duplicated", "webhook_concurrent") if name in faults)
    return max((int(fault.params["copies"]) for fault in named), default=1)
