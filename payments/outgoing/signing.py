"""The signature of an outgoing body, as the Standard Webhooks specification has it (https://www.standardwebhooks.com).

``webhook-signature: v1,<base64 of HMAC-SHA256(secret, "id.timestamp.body")>``. The timestamp is that of the attempt, so
that a receiver may refuse what is older than some minutes; the id stays the same, so that he may refuse what he has.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

PREFIX = "whsec_"


def new_secret() -> str:
    """Return a fresh secret of 32 random bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def headers(secret: str, *, event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers of one attempt; ``timestamp`` in seconds since 1970, UTC."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{event_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }
