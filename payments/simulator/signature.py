"""The signature that Midtrans puts on webhooks and status answers."""

from __future__ import annotations

import hashlib


def signature_key(order_id: str, status_code: str, gross_amount: str, server_key: str) -> str:
    """SHA-512 over the three values exactly as they stand in the body, then the key; lowercase hex."""
    return hashlib.sha512(f"{order_id}{status_code}{gross_amount}{server_key}".encode()).hexdigest()
