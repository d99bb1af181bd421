"""The HTTP client under Resend's SDK: the SDK's own waits 30 seconds for *each* read and follows redirects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resend import HTTPClient

from config.deadline import run_within
from config.plain_session import PlainSession, read_body

SEND_DEADLINE_S = 10.0
MAX_ANSWER_BYTES = 1 << 20

Answer = tuple[bytes, int, Mapping[str, str]]


class DeadlineClient(HTTPClient):
    """Answers or raises within ``deadline`` seconds in total: name lookup, connection, headers and body.

    A request whose time is up is left behind and may still be taken by the other side, so a caller that retries must
    use the same idempotency key. Raises TimeoutError or what ``requests`` raises; the SDK reports both as
    ``HttpClientError``.
    """

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        json: dict[str, object] | list[object] | None = None,
        files: dict[str, Any] | None = None,
        data: dict[str, str] | None = None,
    ) -> Answer:
        """Send one request and return body, status and headers. Redirects are answers like any other."""

        def send() -> Answer:
            with PlainSession() as session:
                answer = session.request(
                    method,
                    url,
                    headers=dict(headers),
                    json=json,
                    files=files,
                    data=data,
                    timeout=self.deadline,
                    stream=True,
                )
                return read_body(answer, most=MAX_ANSWER_BYTES), answer.status_code, answer.headers

        return run_within(self.deadline, send)
