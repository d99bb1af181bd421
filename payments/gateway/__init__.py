"""The payment gateway behind a small Protocol, with one real implementation; the simulator is reached by it too."""

from payments.gateway.midtrans import gateway
from payments.gateway.types import Gateway, RefundAnswer, SnapItem, SnapRequest, SnapToken, StatusAnswer, TokenCancel

__all__ = [
    "Gateway",
    "RefundAnswer",
    "SnapItem",
    "SnapRequest",
    "SnapToken",
    "StatusAnswer",
    "TokenCancel",
    "gateway",
]
