"""The HTTP client under Resend's SDK: the SDK's own waits 30 seconds for *each* read and follows redirects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests
from resend import HTTPClient

from config.deadline import run_within

SEND_DEADLINE_S = 10.0

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
            answer = requests.request(
                method,
                url,
                headers=dict(headers),
                json=json,
                files=files,
                data=data,
                timeout=self.deadline,
                allow_redirects=False,
            )
            return answer.content, answer.status_code, answer.headers

        return run_within(self.deadline, send)
