"""What staff read when the gateway does not answer: the errors' own sentences are for customers."""

from __future__ import annotations

from payments.errors import GatewayError, GatewayKeyError, GatewayRejectedError


def nobody_asked(error: GatewayError) -> str:
    """Return what a failed question to the gateway means for staff."""
    if isinstance(error, GatewayKeyError):
        return "Midtrans menolak kunci server toko ini. Beri tahu pengelola teknis; tidak ada yang berubah."
    if isinstance(error, GatewayRejectedError):
        return f"Midtrans menolak: {error.reason or error.status_code}. Tidak ada yang berubah."
    return "Midtrans tidak menjawab. Yang sudah dicatat di sini tetap; coba lagi sebentar."
