"""Fault rules: what goes wrong, for which calls, how many times.

Deterministic: a rule acts on the next matching calls until its count is used up, never by chance. The catalogue
below is the list that ``README.md`` explains; who applies which one stands in ``calls`` (Snap and Core answers),
``snap``/``core`` (wrong decisions) and ``notifier`` (webhooks).
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from payments.simulator.errors import ControlError
from payments.simulator.records import Status
from payments.simulator.web import JSON

WEBHOOK = "webhook"


@dataclass(frozen=True)
class Kind:
    """A fault that can be asked for: where it acts unless told otherwise, and its parameters."""

    operation: str = "*"
    params: Mapping[str, Any] = field(default_factory=dict)


# Exactly one of these decides how a call is answered. ``processed``: whether the call takes effect first.
ANSWERS: Mapping[str, Kind] = {
    "refuse": Kind(params={"processed": False}),
    "response_lost": Kind(params={"processed": True}),
    "hang": Kind(params={"seconds": 60.0, "processed": False}),
    "slow_drip": Kind(params={"seconds": 10.0, "processed": True}),
    "http_500": Kind(params={"processed": False}),
    "http_502": Kind(params={"processed": False}),
    "http_503": Kind(params={"processed": False}),
    "http_429": Kind(params={"processed": False}),
    "http_403": Kind(params={"processed": False}),
    "http_302": Kind(params={"processed": False, "location": "/elsewhere"}),
    "empty_body": Kind(params={"processed": True}),
    "truncated_json": Kind(params={"processed": True}),
    "json_list": Kind(params={"processed": True}),
}

DECISIONS: Mapping[str, Kind] = {
    "latency": Kind(params={"seconds": 1.0}),
    "hold": Kind(params={"when": "before", "seconds": 60.0}),
    "real_http_codes": Kind("core.*"),
    "status_lags": Kind("core.status", {"shows": "pending"}),
    "status_404": Kind("core.status"),
    "status_edited": Kind("core.status", {"fields": {}, "remove": []}),
    "not_modifiable": Kind("core.*"),
    "token_on_progress": Kind("snap.cancel"),
    "early_webhook": Kind("snap.create", {"method": "bca_va", "event": ""}),
    "refund_denied": Kind("core.refund*"),
    "refund_held": Kind("core.refund*"),
}

_WEBHOOK_PARAMS: Mapping[str, Mapping[str, Any]] = {
    "webhook_dropped": {},
    "webhook_delayed": {"seconds": 600.0},
    "webhook_reordered": {},
    "webhook_duplicated": {"copies": 2},
    "webhook_concurrent": {"copies": 2},
    "webhook_wrong_signature": {},
    "webhook_other_key": {"key": "SB-Mid-server-another"},
    "webhook_tampered": {"becomes": "settlement"},
    "webhook_amount": {"amount": "1.00"},
    "webhook_no_decimals": {},
    "webhook_missing_fraud": {},
    "webhook_unknown_status": {"becomes": "sleeping"},
    "webhook_uppercase": {},
    "webhook_edited": {"fields": {}, "remove": [], "signed": True},
    "webhook_body": {"shape": "array"},
}
WEBHOOKS = {name: Kind(WEBHOOK, params) for name, params in _WEBHOOK_PARAMS.items()}

CATALOGUE: Mapping[str, Kind] = {**ANSWERS, **DECISIONS, **WEBHOOKS}
CHOICES: Mapping[str, frozenset[str]] = {
    "shape": frozenset({"huge", "invalid", "non_utf8", "array", "empty"}),
    "when": frozenset({"before", "after"}),
    "shows": frozenset(Status),
}
MATCH_KEYS = frozenset({"operation", "order_id", "transaction_id", "status"})


@dataclass
class Fault:
    """One rule. ``remaining`` None means until removed."""

    id: str
    name: str
    match: dict[str, str]
    params: JSON
    remaining: int | None = None
    skip: int = 0
    hits: int = 0
    waiting: int = 0
    permits: int = 0
    released: bool = False

    def matches(self, operation: str, order_id: str, transaction_id: str, status: str) -> bool:
        if self.released or self.remaining == 0:
            return False
        wanted = self.match["operation"]
        # Webhooks must be named: "*" means every call that the shop makes.
        if (operation == WEBHOOK) != (wanted == WEBHOOK) or not fnmatchcase(operation, wanted):
            return False
        return (
            fnmatchcase(order_id, self.match.get("order_id", "*"))
            and fnmatchcase(transaction_id, self.match.get("transaction_id", "*"))
            and fnmatchcase(status, self.match.get("status", "*"))
        )

    def view(self) -> JSON:
        return {
            "id": self.id,
            "fault": self.name,
            "match": self.match,
            "params": self.params,
            "remaining": self.remaining,
            "hits": self.hits,
            "waiting": self.waiting,
            "released": self.released,
        }


Taken = dict[str, Fault]


class FaultBoard:
    """The rules in force, oldest first."""

    def __init__(self) -> None:
        self._rules: dict[str, Fault] = {}
        self._numbers = itertools.count(1)
        self._changed = threading.Condition()

    def add(self, spec: JSON) -> Fault:
        """Make a rule from ``{"fault", "match", "count", "skip", ...parameters}``; raises ControlError 400."""
        fault = _read(spec, f"f{next(self._numbers)}")
        with self._changed:
            self._rules[fault.id] = fault
        return fault

    def take(self, operation: str, order_id: str, transaction_id: str = "", status: str = "") -> Taken:
        """The rules that act on this call, by name; each one's count goes down."""
        if not self._rules:
            return {}
        taken: Taken = {}
        with self._changed:
            for fault in self._rules.values():
                rival = fault.name in taken or (fault.name in ANSWERS and any(name in ANSWERS for name in taken))
                if rival or not fault.matches(operation, order_id, transaction_id, status):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                if fault.remaining is not None:
                    fault.remaining -= 1
                fault.hits += 1
                taken[fault.name] = fault
        return taken

    def wait(self, fault: Fault) -> None:
        """Stand at the barrier ``fault`` until it lets this call go (or its ``seconds`` are over)."""
        with self._changed:
            fault.waiting += 1
            self._changed.wait_for(lambda: fault.released or fault.permits > 0, float(fault.params["seconds"]))
            fault.permits = max(fault.permits - 1, 0)
            fault.waiting -= 1
            self._changed.notify_all()

    def release(self, fault_id: str, calls: int | None) -> Fault:
        """Let ``calls`` waiting calls go, or all of them and end the rule."""
        with self._changed:
            fault = self.get(fault_id)
            if calls is None:
                fault.released = True
            else:
                fault.permits += calls
            self._changed.notify_all()
        return fault

    def get(self, fault_id: str) -> Fault:
        try:
            return self._rules[fault_id]
        except KeyError:
            raise ControlError(404, f"No fault {fault_id}.") from None

    def remove(self, fault_id: str) -> None:
        self.release(fault_id, None)
        with self._changed:
            self._rules.pop(fault_id, None)

    def all(self) -> list[Fault]:
        with self._changed:
            return list(self._rules.values())

    def clear(self) -> None:
        """Forget every rule; whoever waits at a barrier goes on."""
        with self._changed:
            for fault in self._rules.values():
                fault.released = True
            self._rules = {}
            self._changed.notify_all()


def _read(spec: JSON, fault_id: str) -> Fault:
    name = spec.get("fault")
    kind = CATALOGUE.get(name) if isinstance(name, str) else None
    if not isinstance(name, str) or kind is None:
        raise ControlError(400, f"Unknown fault {name!r}; known: {', '.join(CATALOGUE)}.")
    match = spec.get("match", {})
    if not isinstance(match, dict) or not set(match) <= MATCH_KEYS:
        raise ControlError(400, f"match is an object with some of {', '.join(sorted(MATCH_KEYS))}.")
    unknown = set(spec) - {"fault", "match", "count", "skip"} - set(kind.params)
    if unknown:
        raise ControlError(400, f"{name} has no parameter {', '.join(sorted(unknown))}.")
    params = {**kind.params, **{key: spec[key] for key in kind.params if key in spec}}
    for key, standard in kind.params.items():
        if not _same_kind(params[key], standard):
            raise ControlError(400, f"{name}: {key} should look like {standard!r}.")
    for key, allowed in CHOICES.items():
        if key in params and params[key] not in allowed:
            raise ControlError(400, f"{key} is one of {', '.join(sorted(allowed))}.")
    return Fault(
        id=fault_id,
        name=name,
        match={"operation": kind.operation, **{key: str(value) for key, value in match.items()}},
        params=params,
        remaining=_count(spec.get("count")),
        skip=_count(spec.get("skip")) or 0,
    )


def _same_kind(value: object, standard: object) -> bool:
    if isinstance(standard, bool) or isinstance(value, bool):
        return isinstance(standard, bool) and isinstance(value, bool)
    if isinstance(standard, int | float):
        return isinstance(value, int | float) and 0 <= value < 10**7
    return isinstance(value, type(standard))


def _count(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ControlError(400, "count and skip are whole numbers from 0.")
    return value
