"""Whatever the gateway, or a machine in front of it, answers: one of our own errors, never a surprise."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.utils import timezone

from payments.errors import GatewayRejectedError, GatewayUnavailableError, TransactionMissingError
from payments.gateway import SnapItem, SnapRequest, TokenCancel
from payments.gateway.midtrans import MidtransGateway

TRANSACTION = {"transaction_id": "t-1", "order_id": "ORD-1", "transaction_status": "pending", "gross_amount": "1.00"}
TOKEN = {"token": "tok-1", "redirect_url": "https://app.example/page"}
PAGE = SnapRequest("ORD-1", 1000, [SnapItem("A", "Gelas", 1000, 1)], timezone.now(), 60, "https://shop.example/")


class Gateway(MidtransGateway):
    """The gateway's client, and what the other side is going to answer."""

    def __init__(self, answer: dict) -> None:
        self._answer = answer

    def will_answer(self, body: object, status: int = 200) -> None:
        self._answer |= {"status": status, "body": body if isinstance(body, bytes) else json.dumps(body).encode()}


@pytest.fixture
def gateway(settings) -> Iterator[Gateway]:
    answer: dict = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(answer["status"])
            self.end_headers()
            self.wfile.write(answer["body"])

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        settings.MIDTRANS_CORE_URL = f"http://127.0.0.1:{server.server_port}"
        settings.MIDTRANS_SNAP_URL = f"http://127.0.0.1:{server.server_port}/snap/v1"
        yield Gateway(answer)
        server.shutdown()


GARBAGE = {
    "nested without end": b"[" * 200_000,
    "an endless code": b'{"status_code": Infinity}',
    "a code of words": b'{"status_code": "many"}',
    "not a number": json.dumps(TRANSACTION | TOKEN | {"x": float("nan")}).encode(),
    "a NUL inside": json.dumps(TRANSACTION | TOKEN | {"x": ["\x00"]}).encode(),
    "half a surrogate": json.dumps(TRANSACTION | TOKEN | {"\ud800": 1}).encode(),
    "no UTF-8": b'{"token": "\xff"}',
    "a list": b"[1]",
    "nothing": b"",
    "null": b"null",
    "a page": b"<html>",
}


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE.keys())
@pytest.mark.parametrize("status", [200, 201])
def test_garbage_is_no_answer(gateway: Gateway, body: bytes, status: int) -> None:
    gateway.will_answer(body, status)

    with pytest.raises(GatewayUnavailableError) as status_error:
        gateway.status("ORD-1")
    with pytest.raises(GatewayUnavailableError):
        gateway.create(PAGE)
    with pytest.raises(GatewayUnavailableError):
        gateway.cancel_token("tok-1")

    assert status_error.value.sent


@pytest.mark.parametrize(
    "url",
    [None, 7, "", "javascript:alert(1)", "//evil.example", "https://a b", "https://x/\n", "https://" + "x" * 300],
)
def test_a_page_that_no_browser_should_be_sent_to_is_no_page(gateway: Gateway, url: object) -> None:
    gateway.will_answer(TOKEN | {"redirect_url": url}, 201)

    with pytest.raises(GatewayUnavailableError):
        gateway.create(PAGE)


def test_a_decent_page_is_a_page(gateway: Gateway) -> None:
    gateway.will_answer(TOKEN, 201)

    assert gateway.create(PAGE).redirect_url == TOKEN["redirect_url"]


def test_only_the_gateways_own_404_says_that_a_transaction_is_missing(gateway: Gateway) -> None:
    gateway.will_answer({"status_code": "404", "status_message": "Transaction doesn't exist."})
    with pytest.raises(TransactionMissingError):
        gateway.status("ORD-1")

    gateway.will_answer({"message": "no Route matched with those values"}, 404)
    with pytest.raises(GatewayUnavailableError):
        gateway.status("ORD-1")
    with pytest.raises(GatewayUnavailableError):
        gateway.cancel_token("tok-1")


@pytest.mark.parametrize("status", [403, 408, 429, 500, 502, 503, 505, 599])
def test_an_answer_that_leaves_the_outcome_open_is_no_refusal(gateway: Gateway, status: int) -> None:
    gateway.will_answer({"error_messages": ["later"]}, status)

    with pytest.raises(GatewayUnavailableError):
        gateway.create(PAGE)


@pytest.mark.parametrize(
    ("messages", "status", "said"),
    [
        (["token already canceled"], 400, TokenCancel.ALREADY),
        (["Transaction is on progress"], 400, TokenCancel.IN_PROGRESS),
        (["token not found"], 404, TokenCancel.NOT_FOUND),
    ],
)
def test_a_page_that_cannot_be_closed_says_why(gateway: Gateway, messages: list, status: int, said: object) -> None:
    gateway.will_answer({"error_messages": messages}, status)

    assert gateway.cancel_token("tok-1") is said


def test_a_refusal_in_other_words_is_a_refusal(gateway: Gateway) -> None:
    gateway.will_answer({"error_messages": ["sedang tidak bisa"]}, 400)

    with pytest.raises(GatewayRejectedError):
        gateway.cancel_token("tok-1")
