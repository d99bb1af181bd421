"""A gateway call shares the deadline of the request that makes it."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

import pytest

from config.deadline import deadline
from payments.errors import GatewayUnavailableError
from payments.gateway.transport import DeadlineTransport


def test_of_a_redirect_no_more_is_read_than_of_any_other_answer():
    sent = 0

    def flood() -> None:
        nonlocal sent
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 10000000000\r\n\r\n")
            for _ in range(64):
                sent += connection.send(bytes(1024 * 1024))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=flood, daemon=True)
        thread.start()
        with pytest.raises(GatewayUnavailableError) as unavailable:
            DeadlineTransport(5).request("get", f"http://127.0.0.1:{listener.getsockname()[1]}/")
        thread.join(timeout=10)

    assert unavailable.value.answered
    assert sent < 32 * 1024 * 1024


def test_with_no_time_left_nothing_is_sent_and_it_is_known_that_nothing_was():
    with deadline(0.5), pytest.raises(GatewayUnavailableError) as unavailable:
        DeadlineTransport(3).request("get", "http://127.0.0.1:1/")

    assert unavailable.value.sent is False
