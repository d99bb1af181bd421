"""Every use case that needs an order together with its money; one per file."""

from payments.services.check import check_order
from payments.services.closing import BY_CUSTOMER, cancel_order, change_method, expire_orders, release_without_gateway
from payments.services.start import StartedPayment, start_payment

__all__ = [
    "BY_CUSTOMER",
    "StartedPayment",
    "cancel_order",
    "change_method",
    "check_order",
    "expire_orders",
    "release_without_gateway",
    "start_payment",
]
