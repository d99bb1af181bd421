"""The ways in which ``orders`` says no."""

from __future__ import annotations

from typing import Any

from config.errors import ShopError


class OrderError(ShopError):
    """A rule about orders said no."""

    code = "order_error"


class EmptyCartError(OrderError):
    code = "empty_cart"
    status = 400
    message = "Keranjangmu masih kosong."


class CartChangedError(OrderError):
    """The cart was edited since the review was shown; show it again."""

    code = "cart_changed"
    message = "Isi keranjang berubah sejak kamu meninjaunya. Periksa lagi sebelum memesan."


class PriceChangedError(OrderError):
    """A price changed since the customer last saw it; show it again."""

    code = "price_changed"
    message = "Harga berubah sejak kamu meninjaunya. Periksa lagi sebelum memesan."


class IdempotencyConflictError(OrderError):
    """The key was used for another request."""

    code = "idempotency_conflict"
    status = 422
    message = "Kunci idempotensi ini sudah dipakai untuk permintaan yang berbeda."


class TooManyUnpaidOrdersError(OrderError):
    code = "too_many_unpaid_orders"
    status = 429
    message = "Terlalu banyak pesanan yang belum dibayar. Bayar atau batalkan dulu salah satunya."

    def extra(self) -> dict[str, Any]:
        return {"retryAfter": 300}


class CannotDeliverError(OrderError):
    """No shipping service reaches the address with this weight, or not the one that was asked for."""

    code = "cannot_deliver"
    status = 400
    message = "Belum ada layanan kirim ke alamat ini."

    def extra(self) -> dict[str, Any]:
        return {"errors": [{"field": "shippingMethod", "detail": self.text}]}


class VoucherRefusedError(OrderError):
    """The voucher does not count for this order: unknown, out of its time, or the goods are worth too little.

    ``reason`` (in the context) says which, for a machine.
    """

    code = "voucher_refused"
    status = 400
    message = "Kode voucher ini tidak berlaku."

    def extra(self) -> dict[str, Any]:
        return {"errors": [{"field": "voucherCode", "detail": self.text}]}


class VoucherUsedUpError(VoucherRefusedError):
    """Nothing of the voucher is left, for anybody or for this customer."""

    code = "voucher_used_up"
    status = 409
    message = "Voucher sudah habis dipakai."


class TransitionNotAllowedError(OrderError):
    """The order is not in a state that may become the one asked for."""

    code = "transition_not_allowed"
    message = "Status pesanan ini tidak dapat diubah."


class OrderBusyError(OrderError):
    """Another request is placing the same order just now."""

    code = "order_busy"
    status = 503
    message = "Pesanan ini sedang diproses. Coba lagi sebentar."

    def extra(self) -> dict[str, Any]:
        return {"retryAfter": 2}


class ShipmentRefusedError(OrderError):
    code = "shipment_refused"
    message = "Pesanan ini belum boleh dikirim."


class CancelRequestRefusedError(OrderError):
    """The order is not one that its customer may ask to have cancelled, or the request is over."""

    code = "cancel_request_refused"
    message = "Pesanan ini tidak dapat diminta batal lagi."
