"""Load from outside: closed-loop HTTP clients on raw sockets, since a client shares the cores with what it measures."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count, islice

from tests.bench import processes
from tests.bench.report import BenchError, Load

CLIENTS = 8
_PROCESSES = 2
_PER_CONNECTION = 25
"""Requests before a client connects anew: which worker a connection lands on then evens out."""

NextRequest = Callable[[random.Random], bytes]


def get(path: str) -> bytes:
    """Return the bytes of a GET."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n".encode()


def post(path: str, body: object, *, token: str = "") -> bytes:
    """Return the bytes of a POST with a JSON body (bytes are sent as they are)."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    bearer = f"Authorization: Bearer {token}\r\n" if token else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n{bearer}"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


class HttpClient:
    """One keep-alive connection at a time; knows just enough HTTP for our own servers."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self._left = 0

    def send(self, request: bytes) -> tuple[int, bytes]:
        """Send one request and return status and body."""
        if self._socket is None or not self._left:
            self.close()
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=30)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._left = _PER_CONNECTION
        self._left -= 1
        self._socket.sendall(request)
        answer = self._socket.recv(65536)
        while b"\r\n\r\n" not in answer:
            answer += self._more()
        head, _, body = answer.partition(b"\r\n\r\n")
        lowered = head.lower()
        at = lowered.find(b"content-length:")
        if at < 0:
            raise BenchError(f"an answer without Content-Length:\n{head.decode(errors='replace')}")
        length = int(lowered[at + 15 :].split(b"\r\n", 1)[0])
        while len(body) < length:
            body += self._more()
        if b"connection: close" in lowered:
            self.close()
        return int(head[9:12]), body

    def _more(self) -> bytes:
        assert self._socket is not None
        part = self._socket.recv(65536)
        if not part:
            raise BenchError("the server closed a connection in the middle of an answer")
        return part

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def warm_up(port: int, requests: Sequence[bytes]) -> None:
    """Have every worker and thread do its first work (templates, imports, connections) before anything is timed."""

    def one(request: bytes) -> None:
        client = HttpClient(port)
        client.send(request)
        client.close()

    with ThreadPoolExecutor(CLIENTS) as threads:
        list(threads.map(one, requests))


@dataclass
class _Tally:
    done: int = 0
    trouble: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)


def load(port: int, next_request: NextRequest, *, seconds: float, seed: str, expect: int) -> Load:
    """Let 8 closed-loop clients ask for ``seconds``. Raises BenchError on a status other than ``expect``."""

    def endless(client: int) -> Iterator[bytes]:
        rng = random.Random(f"{seed}-{client}")
        return (next_request(rng) for _ in count())

    return _run(port, endless, seconds=seconds, expect=expect)


def load_of(port: int, requests: Sequence[bytes], *, expect: int) -> Load:
    """Let 8 clients get a fixed list answered, each request once."""
    return _run(port, lambda client: islice(requests, client, None, CLIENTS), seconds=120.0, expect=expect)


def _run(port: int, requests_of: Callable[[int], Iterator[bytes]], *, seconds: float, expect: int) -> Load:
    per_process = CLIENTS // _PROCESSES

    def job(number: int, start: processes.Start) -> Load:
        lists = [requests_of(number * per_process + n) for n in range(per_process)]
        start()
        return _clients(port, lists, seconds=seconds, expect=expect)

    return processes.gather(job, processes=_PROCESSES, seconds=seconds)


def _clients(port: int, lists: list[Iterator[bytes]], *, seconds: float, expect: int) -> Load:
    tally, begun = _Tally(), time.perf_counter()
    threads = [
        threading.Thread(target=_client, args=(port, requests, begun + seconds, expect, tally), daemon=True)
        for requests in lists
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if tally.trouble:
        raise BenchError(tally.trouble)
    return Load(tally.done, time.perf_counter() - begun)


def _client(port: int, requests: Iterator[bytes], until: float, expect: int, tally: _Tally) -> None:
    client, done = HttpClient(port), 0
    try:
        for request in requests:
            if time.perf_counter() >= until or tally.trouble:
                break
            status, body = client.send(request)
            if status != expect:
                tally.trouble = f"status {status} instead of {expect}: {body[:1500].decode(errors='replace')}"
                break
            done += 1
    except (OSError, BenchError) as error:
        tally.trouble = f"{type(error).__name__}: {error}"
    finally:
        client.close()
        with tally.lock:
            tally.done += done
