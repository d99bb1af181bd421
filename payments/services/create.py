"""One call that creates a payment page at the gateway: journal first, then Snap, counted as unanswered meanwhile."""

from __future__ import annotations

import logging
import math
from datetime import datetime, timedelta

from django.conf import settings

from orders.models import Order
from payments import journal, leases
from payments.errors import GatewayUnavailableError
from payments.gateway import SnapItem, SnapRequest, SnapToken, gateway
from payments.models import Payment

logger = logging.getLogger(__name__)

MIN_PAGE_MINUTES = 5  # the shortest life that the gateway gives a page


def create_page(payment: Payment, order: Order, *, lease: str, now: datetime, minutes: int) -> SnapToken:
    """Write the journal line and ask Snap for a page that lives ``minutes`` from ``now`` (the database's clock).

    The caller holds the payment's lease and has counted this call as unanswered. The disk may be slow, so the lease
    is renewed after the journal: it outlives the call. Raises LeaseLostError and, when the journal cannot be written,
    GatewayUnavailableError (nothing was sent); GatewayUnavailableError, GatewayRejectedError.
    """
    try:
        journal.write(gateway_id=payment.gateway_id, order_number=order.number, amount=payment.amount, at=now)
    except OSError as error:
        logger.exception("payment.journal_failed", extra={"order": order.number})
        raise GatewayUnavailableError("the payment journal cannot be written", sent=False) from error
    leases.renew(payment, lease)
    return gateway().create(snap_request(payment, order, now=now, minutes=minutes))


def minutes_until(deadline: datetime, now: datetime) -> int:
    """Return whole minutes, rounded down, so that the page never outlives the deadline."""
    return math.floor((deadline - now) / timedelta(minutes=1))


def snap_request(payment: Payment, order: Order, *, now: datetime, minutes: int) -> SnapRequest:
    """Return the bill: every line, the shipping and the discount, adding up to the payment's amount exactly."""
    items = [
        SnapItem(
            id=item.sku, name=f"{item.name} {item.variant_name}".strip(), price=item.unit_price, quantity=item.quantity
        )
        for item in order.items.all()
    ]
    if order.shipping_cost:
        items.append(SnapItem(id="ONGKIR", name=f"Ongkir {order.courier}", price=order.shipping_cost, quantity=1))
    if order.discount:
        items.append(SnapItem(id="VOUCHER", name=f"Voucher {order.voucher_code}", price=-order.discount, quantity=1))
    return SnapRequest(
        gateway_id=payment.gateway_id,
        amount=payment.amount,
        items=items,
        starts_at=now,
        minutes=minutes,
        finish_url=f"{settings.SITE_URL}/pembayaran/selesai/",
        customer_name=order.recipient,
        email=order.email,
        phone=order.phone,
    )
