"""The ways in which ``payments`` says no."""

from __future__ import annotations

from typing import Any

from config.errors import ShopError


class PaymentError(ShopError):
    """A rule about payments said no."""

    code = "payment_error"


class OrderAlreadyPaidError(PaymentError):
    code = "already_paid"
    message = "Order sudah dibayar"


class NotPayableError(PaymentError):
    """The order is expired, cancelled, closing or given back."""

    code = "not_payable"
    message = "Pesanan ini tidak dapat dibayar lagi."


class PaymentWindowOverError(PaymentError):
    """Too little time is left for a new payment."""

    code = "payment_window_over"
    message = "Waktu pembayaran habis"


class PaymentHeldError(PaymentError):
    """Money for this order came in and is being looked at."""

    code = "payment_held"
    message = "Pembayaran pesanan ini sedang kami periksa."


class TooManyPaymentsError(PaymentError):
    code = "too_many_payments"
    status = 429
    message = "Terlalu banyak percobaan pembayaran untuk pesanan ini. Hubungi kami lewat WhatsApp."

    def extra(self) -> dict[str, Any]:
        return {"retryAfter": 3600}


class PaymentInFlightError(PaymentError):
    """Another call for the same payment is on its way to the gateway."""

    code = "payment_in_flight"
    status = 503
    message = "Pembayaran sedang disiapkan. Coba lagi sebentar."

    def extra(self) -> dict[str, Any]:
        return {"retryAfter": 5}


class CannotCancelError(PaymentError):
    code = "cannot_cancel"
    message = "Pesanan ini tidak dapat dibatalkan lagi."


class RefundRefusedError(PaymentError):
    code = "refund_refused"
    message = "Pengembalian dana ini tidak dapat dilakukan."


class GatewayError(PaymentError):
    """Midtrans did not do what was asked."""

    code = "gateway_error"
    status = 503
    message = "Layanan pembayaran sedang tidak dapat dihubungi. Pesananmu aman; coba lagi sebentar."

    def extra(self) -> dict[str, Any]:
        return {"retryAfter": 30}


class GatewayUnavailableError(GatewayError):
    """No usable answer: it may or may not have happened there. ``sent`` is False when nothing can have arrived."""

    code = "gateway_unavailable"

    def __init__(self, detail: str, *, sent: bool, answered: bool = False) -> None:
        self.detail = detail
        self.sent = sent
        self.answered = answered
        super().__init__(detail_of_call=detail)


class GatewayRejectedError(GatewayError):
    """A definite refusal: it did not happen. ``reason`` is the gateway's text, for the log and for staff."""

    code = "gateway_rejected"

    def __init__(self, status_code: int, reason: str) -> None:
        self.status_code = status_code
        self.reason = reason
        super().__init__(status_code=status_code)


class GatewayKeyError(GatewayRejectedError):
    """The gateway refuses our server key."""

    code = "gateway_key"


class TransactionMissingError(GatewayRejectedError):
    """The gateway knows no transaction under this id (also before a method was chosen)."""

    code = "transaction_missing"
