"""A small Resend over real HTTP: ``POST /emails`` with the idempotency rules of the real one, and faults on demand.

The same key with the same body answers the first id again and is no second mail; with another body it is 409
``invalid_idempotent_request``; while the first is still being answered it is 409
``concurrent_idempotent_requests``.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

WAIT_S = 20.0


@dataclass(frozen=True)
class Call:
    """One request as it came over the wire."""

    key: str
    raw: bytes
    authorization: str

    @property
    def body(self) -> dict[str, Any]:
        """Return the JSON body."""
        body: dict[str, Any] = json.loads(self.raw)
        return body


@dataclass(frozen=True)
class Fault:
    """How to answer one request instead of accepting it; ``accept`` takes the mail and spoils only the answer."""

    status: int = 500
    name: str = "application_error"
    message: str = "Something went wrong."
    headers: Mapping[str, str] = field(default_factory=dict)
    html: bool = False
    accept: bool = False
    drip_s: float = 0.0
    """Seconds over which the answer's body is sent byte by byte (each read is quick, the whole is slow)."""
    close: bool = False
    """Close the connection without a word."""
    answer: bytes | None = None
    """Other bytes for the JSON answer."""


class FakeResend:
    """The server and what it saw. Use as a context manager; ``url`` is what RESEND_API_URL should say."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.mails: dict[str, tuple[str, bytes]] = {}
        """The mails that a person would have received: id and body by idempotency key."""
        self.unkeyed: list[Call] = []
        self.faults: deque[Fault] = deque()
        self.arrived = threading.Semaphore(0)
        self._gate = threading.Event()
        self._gate.set()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._answering: set[str] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = False  # so that closing waits for every answer
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Return the address without a path or a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._gate.set()
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fail_next(self, *faults: Fault) -> None:
        """Answer the coming requests with these faults, in this order."""
        self.faults.extend(faults)

    def hold_answers(self) -> None:
        """Take mails but keep the answers back until ``release_answers``."""
        self._gate.clear()

    def release_answers(self) -> None:
        """Let the held answers go."""
        self._gate.set()

    def wait_for_call(self) -> None:
        """Wait until one more request than before has arrived and been judged."""
        if not self.arrived.acquire(timeout=WAIT_S):
            raise AssertionError("No request reached the fake Resend server.")

    def bodies(self, key: str) -> list[bytes]:
        """Return the raw bodies of all requests with this key, oldest first."""
        return [call.raw for call in self.calls if call.key == key]

    def judge(self, call: Call) -> tuple[int, dict[str, Any], Fault | None]:
        """Decide about one request: status, JSON answer, and the fault to act out while answering."""
        with self._lock:
            self.calls.append(call)
            fault = self.faults.popleft() if self.faults else None
            if fault is not None and not fault.accept:
                return fault.status, _error(fault.status, fault.name, fault.message), fault
            if call.key in self._answering:
                return (
                    409,
                    _error(409, "concurrent_idempotent_requests", "Another request is in progress."),
                    None,
                )
            known = self.mails.get(call.key)
            if known is None:
                known = (f"mail-{len(self.calls):04d}", call.raw)
                if call.key:
                    self.mails[call.key] = known
                    self._answering.add(call.key)
                else:
                    self.unkeyed.append(call)
            elif known[1] != call.raw:
                return 409, _error(409, "invalid_idempotent_request", "Same key, another body."), None
            return 200, {"id": known[0]}, fault

    def finish(self, call: Call) -> None:
        """Note that the answer to ``call`` is on its way."""
        with self._lock:
            self._answering.discard(call.key)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 5  # of an idle connection

            def log_message(self, format: str, *args: Any) -> None:
                """Stay quiet."""

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                call = Call(
                    key=self.headers.get("Idempotency-Key", ""),
                    raw=raw,
                    authorization=self.headers.get("Authorization", ""),
                )
                status, answer, fault = outer.judge(call)
                outer.arrived.release()
                outer._gate.wait(WAIT_S)
                outer.finish(call)
                try:
                    self._answer(status, answer, fault)
                except (BrokenPipeError, ConnectionResetError):
                    # The sender was killed while it waited; that is what some tests are about.
                    self.close_connection = True

            def _answer(self, status: int, answer: dict[str, Any], fault: Fault | None) -> None:
                if fault is not None and fault.close:
                    self.close_connection = True
                    return
                html = fault is not None and fault.html
                body = b"<html><body>Bad gateway</body></html>" if html else json.dumps(answer).encode()
                if fault is not None and fault.answer is not None:
                    body = fault.answer
                self.send_response(fault.status if fault is not None and html else status)
                self.send_header("Content-Type", "text/html" if html else "application/json")
                self.send_header("Content-Length", str(len(body)))
                for name, value in (fault.headers if fault is not None else {}).items():
                    self.send_header(name, value)
                self.end_headers()
                if fault is None or not fault.drip_s:
                    self.wfile.write(body)
                    return
                for position in range(len(body)):
                    self.wfile.write(body[position : position + 1])
                    self.wfile.flush()
                    outer._closing.wait(fault.drip_s / len(body))

        return Handler


def _error(status: int, name: str, message: str) -> dict[str, Any]:
    return {"statusCode": status, "name": name, "message": message}
