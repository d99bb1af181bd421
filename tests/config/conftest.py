"""What the mail tests share: a Resend of our own, and mails in the outbox."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import transaction
from pytest_django import Settings

from config.models import OutgoingMail
from config.outbox import queue_mail
from tests.support.fake_resend import WAIT_S, FakeResend

API_KEY = "re_test_0123456789_secret"

Queue = Callable[..., OutgoingMail]


@pytest.fixture
def resend(settings: Settings) -> Iterator[FakeResend]:
    """Return a fake Resend that the shop sends to."""
    with FakeResend() as server:
        settings.EMAIL_BACKEND = "config.mail.resend_backend.ResendBackend"
        settings.RESEND_API_KEY = API_KEY
        settings.RESEND_API_URL = server.url
        yield server
    # Requests that were left behind at their deadline end with the server; none lives on into another test.
    for thread in threading.enumerate():
        if thread.name == "deadline-call":
            thread.join(WAIT_S)


@pytest.fixture
def queue() -> Queue:
    """Return a function that queues one mail and returns its row; the key defaults to a running number."""
    count = 0

    def put(**changes: str) -> OutgoingMail:
        nonlocal count
        count += 1
        mail = {
            "kind": "order.paid",
            "to": "ratna@example.com",
            "subject": f"Pembayaran {count} diterima",
            "text": "Terima kasih, Ratna.",
            "html": "<p>Terima kasih, Ratna.</p>",
            "key": f"order.paid/{count}",
            "reference": f"ORD-20261124-{count:06d}",
        } | changes
        with transaction.atomic():
            queue_mail(**mail)
        return OutgoingMail.objects.get(idempotency_key=mail["key"])

    return put
