"""A TCP proxy between the shop and PostgreSQL that breaks the line, or stalls it, at COMMIT or whenever it is told to.

It runs in this process and reads the bytes as they pass: a client's chunk that holds the message ``COMMIT`` meets the
fault that was planned for it.
"""

from __future__ import annotations

import contextlib
import enum
import socket
import struct
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

COMMIT = b"COMMIT\x00"
CHUNK = 65536
PATIENCE_S = 30.0


class Fault(enum.Enum):
    """What happens to one COMMIT."""

    LOSE_THE_ANSWER = "the server commits, and the client never hears of it"
    LOSE_THE_COMMIT = "the client's line breaks before the server hears of it"
    DELAY_THE_COMMIT = "the client's line breaks at once, the server hears of it when ``deliver`` is called"


class PostgresProxy:
    """One listening proxy; ``plan`` says what happens to the next COMMITs, the rest passes untouched."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._faults: deque[Fault] = deque()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._deliver = threading.Event()
        self.delivered = threading.Event()
        """Set when the server has answered a COMMIT whose answer was kept from the client."""
        self.commits = 0
        """How many COMMITs clients have sent."""
        self.refusing = False
        """While True, new connections are closed at once."""
        self.flows = threading.Event()
        """While not set nothing passes, in neither direction, and nobody is told: a stalled line."""
        self.flows.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def plan(self, *faults: Fault) -> None:
        """Let the next COMMITs meet these faults, one each."""
        self._faults.extend(faults)

    def deliver(self) -> None:
        """Hand a delayed COMMIT to the server, and wait for its answer."""
        self._deliver.set()
        assert self.delivered.wait(PATIENCE_S), "the server did not answer the delayed COMMIT"

    def stall(self) -> None:
        """Let nothing pass from now on; new connections are taken and not answered."""
        self.flows.clear()

    def heal(self) -> None:
        """Let everything pass again, what was held back included."""
        self.flows.set()

    def break_lines(self) -> None:
        """Break every connection as it stands."""
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                _close(end)

    def close(self) -> None:
        """Stop listening and break what is open."""
        _close(self._listener)
        self._deliver.set()
        self.flows.set()
        self.break_lines()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.refusing:
                _close(client)
                continue
            try:
                server = socket.create_connection(self._server)
            except OSError:  # the server is down: what a client would see without us
                _close(client)
                continue
            self._pairs.append((client, server))
            line = _Line(self, client, server)
            threading.Thread(target=line.upwards, daemon=True).start()
            threading.Thread(target=line.downwards, daemon=True).start()

    def next_fault(self) -> Fault | None:
        """Return what is to happen to the COMMIT that just came."""
        self.commits += 1
        return self._faults.popleft() if self._faults else None

    def wait_for_delivery(self) -> None:
        assert self._deliver.wait(PATIENCE_S), "nobody called deliver()"


class _Line:
    """One connection: bytes up to the server and down to the client."""

    def __init__(self, proxy: PostgresProxy, client: socket.socket, server: socket.socket) -> None:
        self.proxy, self.client, self.server = proxy, client, server
        self.answer_is_kept = False

    def upwards(self) -> None:
        for chunk in _chunks(self.client):
            self.proxy.flows.wait()
            if COMMIT in chunk and (fault := self.proxy.next_fault()):
                self._commit(fault, chunk)
                return
            with contextlib.suppress(OSError):
                self.server.sendall(chunk)
        _close(self.server)

    def downwards(self) -> None:
        for chunk in _chunks(self.server):
            self.proxy.flows.wait()
            if self.answer_is_kept:
                _close(self.client)
                self.proxy.delivered.set()
                break
            with contextlib.suppress(OSError):
                self.client.sendall(chunk)
        _close(self.client)
        _close(self.server)

    def _commit(self, fault: Fault, chunk: bytes) -> None:
        if fault is Fault.LOSE_THE_COMMIT:
            _close(self.client)
            _close(self.server)
            return
        self.answer_is_kept = True
        if fault is Fault.DELAY_THE_COMMIT:
            _close(self.client)
            self.proxy.wait_for_delivery()
        with contextlib.suppress(OSError):
            self.server.sendall(chunk)


def _chunks(end: socket.socket) -> Iterator[bytes]:
    with contextlib.suppress(OSError):
        while chunk := end.recv(CHUNK):
            yield chunk


def _close(end: socket.socket) -> None:
    """Break a line hard: the other side gets a reset, not a polite end."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@contextmanager
def through_proxy() -> Iterator[PostgresProxy]:
    """Lead every new connection of the shop through a proxy, also those of other threads, for the block."""
    settings = connection.settings_dict
    host, port = settings["HOST"], settings["PORT"]
    proxy = PostgresProxy(host or "127.0.0.1", int(port or 5432))
    connection.close()
    settings.update(HOST="127.0.0.1", PORT=str(proxy.port))
    try:
        yield proxy
    finally:
        settings.update(HOST=host, PORT=port)
        connection.close()
        proxy.close()
