"""Snap and Core calls: who may call what, the log of them, and the faults in how they are answered."""

from __future__ import annotations

import hmac
import itertools
import json
import logging
import re
import threading
import time
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from payments.simulator.charge import Charge
from payments.simulator.clock import Clock, iso_utc
from payments.simulator.core import Core, error_reply
from payments.simulator.errors import ControlError, CoreError, SnapError
from payments.simulator.faults import ANSWERS, FaultBoard, Taken
from payments.simulator.settings import Settings
from payments.simulator.snap import Snap
from payments.simulator.store import Store
from payments.simulator.web import JSON, Reply, Request, json_reply, redirect

logger = logging.getLogger(__name__)

KEPT = 20_000
LONGEST_LOGGED = 64 * 1024
BODY_CODE = re.compile(rb'\{"status_code":"(\d+)"')
HTML = "text/html; charset=utf-8"
Handler = Callable[[Request, str, Taken], Reply]

# The error pages of the machines in front of Midtrans: HTML, not JSON.
FRONT_PAGES = {
    403: b"<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head>"
    b"<body><h1>Sorry, you have been blocked</h1></body></html>",
    502: b"<html><head><title>502 Bad Gateway</title></head>"
    b"<body><center><h1>502 Bad Gateway</h1></center></body></html>",
}


@dataclass
class Call:
    """One line of the log. ``status`` is None while it runs and "closed" when no answer was given."""

    id: int
    at: float
    method: str
    path: str
    operation: str
    order_id: str
    transaction_id: str
    body: object
    status: int | str | None = None
    code: str | None = None  # the status_code in the body of a Core answer
    faults: list[str] = field(default_factory=list)
    ms: int | None = None

    def view(self) -> JSON:
        return {**vars(self), "at": iso_utc(self.at)}


class Calls:
    """Answers everything under ``/snap/v1`` and ``/v2``."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        store: Store,
        faults: FaultBoard,
        snap: Snap,
        core: Core,
        charge: Charge,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._store = store
        self._faults = faults
        self._numbers = itertools.count(1)
        self._log: deque[Call] = deque(maxlen=KEPT)
        self._changed = threading.Condition()
        self._running = 0
        self._logins = [f"Basic {b64encode(f'{key}:'.encode()).decode()}" for key in settings.server_keys]
        self._handlers: Mapping[str, Handler] = {
            "snap.create": snap.create,
            "snap.cancel": snap.cancel,
            "core.status": core.status,
            "core.status_b2b": core.status_b2b,
            "core.cancel": core.act("cancel", "200", "Success, transaction is canceled"),
            "core.expire": core.act("expire", "407", "Success, transaction has expired"),
            "core.approve": core.act("approve", "200", "Success, transaction is approved"),
            "core.deny": core.act("deny", "200", "Success, transaction is denied"),
            "core.refund": core.refund(direct=False),
            "core.refund_direct": core.refund(direct=True),
            "core.capture": core.capture,
            "core.charge": charge.charge,
            "core.token": charge.token,
        }

    def all(self) -> list[Call]:
        with self._changed:
            return list(self._log)

    def wait_idle(self, timeout: float) -> bool:
        """Wait until no call is being worked on; False when ``timeout`` came first."""
        with self._changed:
            return self._changed.wait_for(lambda: self._running == 0, timeout)

    def clear(self) -> None:
        with self._changed:
            self._log.clear()

    def handle(self, request: Request) -> Reply:
        """Answer a call, or fail to in the way that a fault asks for. Never raises."""
        operation, target = route(request)
        body = _readable(request.body)
        if operation == "core.capture":
            target = str(body.get("transaction_id", "")) if isinstance(body, dict) else ""
        order_id, transaction_id = self._ids(operation, target, body)
        call = Call(
            id=next(self._numbers),
            at=self._clock.now(),
            method=request.method,
            path=request.path,
            operation=operation,
            order_id=order_id,
            transaction_id=transaction_id,
            body=body,
        )
        with self._changed:
            self._log.append(call)
        self._count(+1)
        started = time.monotonic()
        faults = self._faults.take(operation, order_id, transaction_id) if operation else {}
        call.faults = list(faults)
        reply = self._answer(request, operation, target, faults)
        call.status = "closed" if reply.manner in {"close", "hang"} else reply.status
        call.code = _body_code(reply)
        call.ms = round((time.monotonic() - started) * 1000)
        self._count(-1)
        return reply

    def _count(self, step: int) -> None:
        with self._changed:
            self._running += step
            self._changed.notify_all()

    def _answer(self, request: Request, operation: str, target: str, faults: Taken) -> Reply:
        if not faults:
            return self._process(request, operation, target, faults)
        if fault := faults.get("latency"):
            time.sleep(float(fault.params["seconds"]))
        hold = faults.get("hold")
        if hold and hold.params["when"] == "before":
            self._faults.wait(hold)
        answer = next((faults[name] for name in ANSWERS if name in faults), None)
        reply = Reply(200)
        if answer is None or answer.params["processed"]:
            reply = self._process(request, operation, target, faults)
        if hold and hold.params["when"] == "after":
            self._faults.wait(hold)
        return reply if answer is None else broken(answer.name, answer.params, reply)

    def _process(self, request: Request, operation: str, target: str, faults: Taken) -> Reply:
        try:
            self._check(request, operation)
            return self._handlers[operation](request, target, faults)
        except SnapError as error:
            return json_reply(error.status, {"error_messages": error.messages})
        except CoreError as error:
            return error_reply(error, faults)
        except ControlError as error:
            return json_reply(500, {"error_messages": [error.message]})
        except Exception:
            logger.exception("simulator.call_failed", extra={"operation": operation})
            message = "Sorry, we encountered internal server error. We will fix this soon."
            return json_reply(500, {"status_code": "500", "status_message": message, "error_messages": [message]})

    def _check(self, request: Request, operation: str) -> None:
        """Raise unless there is such a call and the caller may make it."""
        snap = request.path.startswith("/snap/")
        if not operation:
            raise SnapError(404, "not found") if snap else CoreError(404, "The requested resource is not found")
        if operation == "core.token":
            return  # asked for by browsers, with the client key
        given = request.header("Authorization").encode()
        if any(hmac.compare_digest(given, login.encode()) for login in self._logins):
            return
        if snap:
            raise SnapError(
                401,
                "Access denied due to unauthorized transaction, please check client or server key",
                "Visit https://snap-docs.midtrans.com/#request-headers for more details",
            )
        raise CoreError(401, "Transaction cannot be authorized with the current client/server key.")

    def _ids(self, operation: str, target: str, body: object) -> tuple[str, str]:
        """The order id and transaction id that a call is about, for the log and for matching faults."""
        if operation in {"snap.create", "core.charge"}:
            details = body.get("transaction_details") if isinstance(body, dict) else None
            return (str(details.get("order_id", "")) if isinstance(details, dict) else ""), ""
        if operation == "snap.cancel":
            page = self._store.pages.get(target)
            return (page.order_id if page else ""), ""
        transaction = self._store.transactions.get(target)
        return (transaction.order_id, target) if transaction else (target, "")


def route(request: Request) -> tuple[str, str]:
    """The operation and the id in the path; an empty operation is an unknown path."""
    parts = [unquote(part) for part in request.path.strip("/").split("/")]
    match (request.method, *parts):
        case ("GET", "v2", target, "status"):
            return "core.status", target
        case ("GET", "v2", target, "status", "b2b"):
            return "core.status_b2b", target
        case ("POST", "v2", target, ("cancel" | "expire" | "approve" | "deny" | "refund") as action):
            return f"core.{action}", target
        case ("POST", "v2", target, "refund", "online", "direct"):
            return "core.refund_direct", target
        case ("POST", "v2", ("capture" | "charge") as action):
            return f"core.{action}", ""
        case ("GET", "v2", "token"):
            return "core.token", ""
        case ("POST", "snap", "v1", "transactions"):
            return "snap.create", ""
        case ("POST", "snap", "v1", "transactions", token, "cancel"):
            return "snap.cancel", token
        case _:
            return "", ""


def broken(name: str, params: JSON, reply: Reply) -> Reply:
    """What is left of ``reply`` under the fault ``name``."""
    match name:
        case "refuse" | "response_lost":
            reply.manner = "close"
        case "hang" | "slow_drip":
            reply.manner, reply.seconds = ("hang" if name == "hang" else "drip"), float(params["seconds"])
        case "http_502" | "http_403":
            status = int(name.removeprefix("http_"))
            return Reply(status, FRONT_PAGES[status], HTML)
        case "http_500" | "http_503" | "http_429":
            code = name.removeprefix("http_")
            message = {"429": "Too many requests"}.get(code, "Sorry, we encountered internal server error.")
            body = {"status_code": code, "status_message": message, "error_messages": [message]}
            return json_reply(int(code), body)
        case "http_302":
            return redirect(str(params["location"]), 302)
        case "empty_body":
            reply.body = b""
        case "truncated_json":
            reply.body = reply.body[: len(reply.body) // 2]
        case "json_list":
            reply.body = b"[" + (reply.body or b"{}") + b"]"
    return reply


def _body_code(reply: Reply) -> str | None:
    """The ``status_code`` of a body that begins with it, as every Core body does; cheaper than parsing."""
    found = BODY_CODE.match(reply.body)
    return found[1].decode() if found and reply.manner == "whole" else None


def _readable(body: bytes) -> object:
    """The body for the log: its JSON value, else its text."""
    if not body:
        return None
    try:
        return json.loads(body[:LONGEST_LOGGED])
    except (ValueError, RecursionError):
        return body[:LONGEST_LOGGED].decode("utf-8", "replace")
