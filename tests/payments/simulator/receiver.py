"""A shop that only listens: it records every webhook and answers as it was told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request that reached the shop."""

    path: str
    headers: dict[str, str]
    raw: bytes
    at: float

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


@dataclass(frozen=True)
class Answer:
    """What the shop says: a status, perhaps somewhere else to go, perhaps late."""

    status: int = 200
    location: str = ""
    delay: float = 0.0


class Receiver:
    """``answer`` decides what each request gets; ``before_answer`` runs while the webhook waits."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answer = Answer()
        self.answers: dict[str, Answer] = {}
        self.before_answer: Callable[[Received], None] = lambda _: None
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.receiver = self
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.url = f"{self.origin}/notification"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def bodies(self) -> list[Any]:
        return [received.body for received in self.received]

    def statuses(self) -> list[str]:
        return [body["transaction_status"] for body in self.bodies()]

    def wait_for(self, count: int, timeout: float = 5.0) -> list[Received]:
        """Wait for ``count`` requests and return all that came."""
        wait_until(lambda: len(self.received) >= count, timeout)
        return self.received

    def clear(self) -> None:
        self.received = []
        self.answer = Answer()
        self.answers = {}
        self.before_answer = lambda _: None

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    receiver: Receiver


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        receiver = self.server.receiver
        received = Received(self.path, dict(self.headers), raw, time.monotonic())
        receiver.received.append(received)
        receiver.before_answer(received)
        answer = receiver.answers.get(self.path, receiver.answer)
        time.sleep(answer.delay)
        try:
            self.send_response(answer.status)
            if answer.location:
                self.send_header("Location", answer.location)
            self.send_header("Content-Length", "0")
            self.end_headers()
        except ConnectionError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


def wait_until(condition: Callable[[], bool], timeout: float = 5.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.005)
