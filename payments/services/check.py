"""Looking at the gateway on somebody's wish: the customer's "Cek status", the staff's "Cek di Midtrans"."""

from __future__ import annotations

from payments.models import Payment
from payments.services.ask import ask_about
from payments.states import OPEN


def check_order(*, order_id: int, everything: bool = False) -> bool:
    """GET status for the order's open payments (or all of them) and apply the answers; True if anything was found.

    Raises GatewayError.
    """
    payments = Payment.objects.filter(order_id=order_id)
    if not everything:
        payments = payments.filter(status__in=[status.value for status in OPEN])
    # Each is asked about, whatever the others said.
    found = [ask_about(payment, final_too=everything).found for payment in payments.order_by("pk")]
    return any(found)
