"""Error reports: off unless asked for, and never with what is private."""

from __future__ import annotations

import sys
from typing import Any

from config.logging import request_id
from config.sentry import scrub, start_sentry


def test_without_a_dsn_nothing_is_started_or_imported():
    assert start_sentry("", environment="test") is False
    assert "sentry_sdk" not in sys.modules


def test_secrets_bodies_headers_and_people_are_cut_out():
    event: Any = {
        "message": "failed for Basic U0ItTWlkLXNlcnZlci14Og== at Midtrans",
        "user": {"email": "ani@example.com"},
        "request": {
            "url": "https://shop.example/checkout",
            "headers": {"Authorization": "Bearer inf_abc"},
            "cookies": {"sessionid": "x"},
            "data": {"phone": "+62812"},
            "query_string": "token=abc",
        },
    }

    token = request_id.set("abcd-1234")
    try:
        cleaned = scrub(event, {})
    finally:
        request_id.reset(token)

    assert cleaned == {
        "message": "failed for Basic [redacted] at Midtrans",
        "request": {"url": "https://shop.example/checkout"},
        "tags": {"request_id": "abcd-1234"},
    }
