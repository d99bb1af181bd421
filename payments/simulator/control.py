"""The control API: tests and trainers drive the gateway, its clock and its faults through it.

Not a part of Midtrans. Answers are JSON objects; a refusal is ``{"error": sentence}``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from payments.simulator.calls import Calls
from payments.simulator.clock import Clock, Scheduler, iso_utc
from payments.simulator.control_orders import LONGEST_WAIT, OrderControl, flag
from payments.simulator.deliveries import Deliveries
from payments.simulator.errors import ControlError
from payments.simulator.faults import FaultBoard
from payments.simulator.idempotency import IdempotencyKeys
from payments.simulator.settings import Settings, is_web_address
from payments.simulator.store import Store
from payments.simulator.web import JSON, Reply, Request, json_reply, strict_json

PATIENCE = 3.0
UNKNOWN = "No such control call."
Topic = Callable[[Request, list[str], JSON], tuple[int, JSON]]
# Settings that may change while running, and the check of each.
CHANGEABLE: dict[str, Callable[[Any], bool]] = {
    "notification_url": lambda value: is_web_address(value, blank=True),
    "finish_url": lambda value: is_web_address(value, blank=True),
    "unfinish_url": lambda value: is_web_address(value, blank=True),
    "error_url": lambda value: is_web_address(value, blank=True),
    "webhook_timeout": lambda value: isinstance(value, int | float) and not isinstance(value, bool) and value > 0,
    "reuse_order_id": lambda value: isinstance(value, bool),
}


class Control:
    """Answers everything under ``/_control``."""

    def __init__(
        self, *, settings: Settings, clock: Clock, scheduler: Scheduler, store: Store,
        deliveries: Deliveries, faults: FaultBoard, keys: IdempotencyKeys, calls: Calls, orders: OrderControl,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._clock = clock
        self._scheduler = scheduler
        self._store = store
        self._deliveries = deliveries
        self._faults = faults
        self._keys = keys
        self._calls = calls
        self._orders = orders
        self._topics: Mapping[str, Topic] = {
            "requests": self._on_requests,
            "deliveries": self._on_deliveries,
            "transactions": self._on_transactions,
            "notifications": self._on_notifications,
            "faults": self._on_faults,
            "clock": self._on_clock,
            "settings": self._on_settings,
            "health": self._on_health,
            "reset": self._on_reset,
        }

    def handle(self, request: Request) -> Reply:
        """Answer a control call; never raises for wrong input."""
        try:
            status, payload = self._dispatch(request)
        except ControlError as error:
            return json_reply(error.status, {"error": error.message})
        return json_reply(status, payload)

    def _dispatch(self, request: Request) -> tuple[int, JSON]:
        if request.header("Origin") not in {"", request.base_url}:
            raise ControlError(403, "The control API is not for other sites' pages.")
        topic, *rest = [unquote(part) for part in request.path.strip("/").split("/")][1:]
        body = _object(request)
        answer = self._topics.get(topic)
        if answer is None:
            raise ControlError(404, UNKNOWN)
        return answer(request, rest, body)

    # -- what happened, and the customer's side ------------------------------------------------------------------

    def _on_requests(self, request: Request, rest: list[str], _body: JSON) -> tuple[int, JSON]:
        _only(request, rest, "GET")
        return 200, {"requests": _filtered((call.view() for call in self._calls.all()), request)}

    def _on_deliveries(self, request: Request, rest: list[str], body: JSON) -> tuple[int, JSON]:
        match (request.method, *rest):
            case ("GET",):
                return 200, {"deliveries": _filtered((item.view() for item in self._deliveries.all()), request)}
            case ("GET", number):
                return 200, self._deliveries.get(_number(number)).view()
            case ("POST", number, "resend"):
                delivery = self._deliveries.resend(_number(number))
                self._orders.wait([delivery.id], body)
                return 200, delivery.view()
            case _:
                raise ControlError(404, UNKNOWN)

    def _on_transactions(self, request: Request, rest: list[str], body: JSON) -> tuple[int, JSON]:
        match (request.method, *rest):
            case ("GET",):
                return 200, self._orders.all(request.base_url)
            case ("GET", order_id):
                return 200, self._orders.order(order_id, request.base_url)
            case ("POST", order_id, "choose"):
                return 200, self._orders.choose(order_id, body)
            case ("POST", order_id, "event"):
                return 200, self._orders.event(order_id, body)
            case _:
                raise ControlError(404, UNKNOWN)

    def _on_notifications(self, request: Request, rest: list[str], body: JSON) -> tuple[int, JSON]:
        _only(request, rest, "POST")
        return 200, self._orders.notify(body)

    # -- faults, clock, settings ---------------------------------------------------------------------------------

    def _on_faults(self, request: Request, rest: list[str], body: JSON) -> tuple[int, JSON]:
        match (request.method, *rest):
            case ("GET",):
                return 200, {"faults": [fault.view() for fault in self._faults.all()]}
            case ("POST",):
                return 201, self._faults.add(body).view()
            case ("GET", fault_id):
                return 200, self._faults.get(fault_id).view()
            case ("DELETE", fault_id):
                self._faults.remove(fault_id)
                return 200, {}
            case ("POST", fault_id, "release"):
                count = body.get("count")
                if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 1):
                    raise ControlError(400, "count is a whole number from 1.")
                return 200, self._faults.release(fault_id, count).view()
            case _:
                raise ControlError(404, UNKNOWN)

    def _on_health(self, request: Request, rest: list[str], _body: JSON) -> tuple[int, JSON]:
        _only(request, rest, "GET")
        with self._store.lock:
            counts = {"pages": len(self._store.pages), "transactions": len(self._store.transactions)}
        return 200, {"status": "ok", **counts, **self._time()}

    def _on_clock(self, request: Request, rest: list[str], body: JSON) -> tuple[int, JSON]:
        _only(request, rest, "GET", "POST")
        if request.method == "POST":
            self._move_clock(body)
        return 200, self._time()

    def _on_settings(self, request: Request, rest: list[str], body: JSON) -> tuple[int, JSON]:
        _only(request, rest, "GET", "POST")
        if request.method == "POST":
            self._change_settings(body)
        return 200, {name: getattr(self._settings, name) for name in CHANGEABLE}

    def _time(self) -> JSON:
        clock = self._clock
        return {"now": iso_utc(clock.now()), "offset": clock.offset, "time_scale": clock.time_scale}

    def _move_clock(self, body: JSON) -> None:
        advance, scale = body.get("advance", 0), body.get("time_scale")
        if not isinstance(advance, int | float) or isinstance(advance, bool) or not 0 <= advance < 10**9:
            raise ControlError(400, "advance is a number of seconds from 0; time does not run backwards.")
        if scale is not None and (not isinstance(scale, int | float) or isinstance(scale, bool) or scale <= 0):
            raise ControlError(400, "time_scale is a number above 0.")
        if scale is not None:
            self._clock.time_scale = float(scale)
        self._clock.advance(advance)
        self._scheduler.catch_up()
        if flag(body, "wait", standard=True):
            self._deliveries.wait_idle(LONGEST_WAIT)

    def _change_settings(self, body: JSON) -> None:
        for name, value in body.items():
            if name not in CHANGEABLE or not CHANGEABLE[name](value):
                raise ControlError(400, f"{name} cannot be set to {value!r}.")
        for name, value in body.items():
            setattr(self._settings, name, value)

    def _on_reset(self, request: Request, rest: list[str], _body: JSON) -> tuple[int, JSON]:
        """Forget everything but the settings; calls at a barrier go on, webhooks on the wire are waited for."""
        _only(request, rest, "POST")
        self._faults.clear()
        self._calls.wait_idle(PATIENCE)  # what was held must not write into the emptied store
        self._scheduler.clear()
        self._clock.offset, self._clock.time_scale = 0.0, self._settings.time_scale
        with self._store.lock:
            self._store.clear()
        self._keys.clear()
        quiet = self._deliveries.clear()
        self._calls.clear()
        return 200, {"status": "ok", "quiet": quiet}


def _object(request: Request) -> JSON:
    try:
        value = strict_json(request.body or b"{}")
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ControlError(400, "The body must be a JSON object.")
    return value


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ControlError(404, "No such delivery.")
    return int(text)


def _filtered(rows: Iterable[JSON], request: Request) -> list[JSON]:
    """The rows whose fields equal the query's parameters."""
    wanted = request.query.items()
    return [row for row in rows if all(str(row.get(name)) == value for name, value in wanted)]


def _only(request: Request, rest: list[str], *methods: str) -> None:
    if rest or request.method not in methods:
        raise ControlError(404, UNKNOWN)
