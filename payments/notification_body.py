"""Reading a notification's body: its shape, and whether the gateway signed it. Nothing is stored or believed here."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings

_ID = re.compile(r"[A-Za-z0-9._~\-]{1,64}")
_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,14})(\.[0-9]{2})?")
_CODE = re.compile(r"[0-9]{3}")


class MalformedNotificationError(ValueError):
    """The body is no notification."""


class BadSignatureError(ValueError):
    """The body is not signed with our key."""


@dataclass(frozen=True)
class Notification:
    """The fields of a correctly signed body. Its status is a claim, no more."""

    gateway_id: str
    transaction_id: str
    claimed_status: str


def read_notification(data: Any) -> Notification:
    """Check shape, then signature (constant time). Raises MalformedNotificationError, BadSignatureError.

    The signature covers order id, status code, amount and our key, and nothing else: not the status itself.
    """
    if not isinstance(data, dict):
        raise MalformedNotificationError("no object")
    fields = {}
    for name, pattern in (("order_id", _ID), ("status_code", _CODE), ("gross_amount", _AMOUNT)):
        value = data.get(name)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise MalformedNotificationError(name)
        fields[name] = value
    if not settings.MIDTRANS_SERVER_KEY:
        raise BadSignatureError  # without a key of ours anybody could sign
    given = data.get("signature_key")
    expected = signature(fields["order_id"], fields["status_code"], fields["gross_amount"])
    if not isinstance(given, str) or not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        raise BadSignatureError
    status, transaction_id = data.get("transaction_status"), data.get("transaction_id")
    if not isinstance(status, str) or not 1 <= len(status) <= 40:
        raise MalformedNotificationError("transaction_status")
    if not isinstance(transaction_id, str) or not _ID.fullmatch(transaction_id) or set(transaction_id) == {"."}:
        raise MalformedNotificationError("transaction_id")
    if len(fields["order_id"]) > 50 or set(fields["order_id"]) == {"."}:
        raise MalformedNotificationError("order_id")
    return Notification(fields["order_id"], transaction_id, status)


def signature(order_id: str, status_code: str, gross_amount: str) -> str:
    """Return the signature of a notification: SHA-512 over the received texts and the server key."""
    return hashlib.sha512(f"{order_id}{status_code}{gross_amount}{settings.MIDTRANS_SERVER_KEY}".encode()).hexdigest()
