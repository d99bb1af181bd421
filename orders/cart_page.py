"""What the cart's page shows beside the cart itself; ``shop`` knows it as the hook CART_EXTRAS."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from orders import destination
from orders.area_form import AreaForm
from orders.checkout import buyer_of, load_draft, order_of
from orders.models import Order
from orders.preview import preview
from orders.states import OrderStatus
from orders.views.entry import Problem
from orders.voucher_box import CODE_BOX, take_refusal
from shop.carts import member
from shop.models import Cart
from shop.selectors import CartView

_BECAME = {
    OrderStatus.PENDING_PAYMENT: "Kamu bisa lanjut membayar, atau membatalkan dan mengubahnya.",
    OrderStatus.PAID: "Pembayaranmu sudah kami terima, dan pesananmu kami siapkan.",
    OrderStatus.PROCESSING: "Pembayaranmu sudah kami terima, dan pesananmu sedang dikemas.",
    OrderStatus.SHIPPED: "Pesananmu sudah dibayar, dan paketnya di jalan.",
    OrderStatus.COMPLETED: "Pesananmu sudah selesai. Semoga suka.",
    OrderStatus.EXPIRED: "Pesanan itu kedaluwarsa. Tidak ada yang perlu kamu bayar.",
    OrderStatus.CANCELLED: "Pesanan itu dibatalkan. Tidak ada yang perlu kamu bayar.",
    OrderStatus.REFUNDED: "Pesanan itu ditutup setelah dananya dikembalikan.",
}
_SEE_THERE = "Di halaman pesanannya terlihat apa yang sedang terjadi."


def cart_extras(request: HttpRequest, view: CartView, ordered: Cart | None) -> dict[str, Any]:
    """Return the context for shipping, voucher and sums of a cart that holds something.

    A member's main address costs a query, an estimate one more, a voucher two. Of a cart that became an order
    (``ordered``): what became of that, for one query.
    """
    if ordered is not None:
        return {"became": _became(order_of(ordered))}
    if not view.lines:
        return {}
    user, draft = member(request), load_draft(request.session)
    estimate = destination.estimate(request.session, user, grams=view.grams)
    refused = take_refusal(request.session)
    return {
        "estimate": estimate,
        "estimate_form": AreaForm(),
        "estimate_next": reverse("shop:cart"),
        "preview": preview(
            subtotal=view.subtotal,
            shipping=estimate.price if estimate else None,
            code=draft.voucher,
            buyer=buyer_of(draft, user, draft.address),
        ),
        "refused": refused,
        "problems": [Problem(refused.text, CODE_BOX)] if refused else [],
    }


def _became(order: Order | None) -> str:
    """Return what the page says of the order: only one that may still be paid is asked to be."""
    if order is None:
        return _SEE_THERE
    waits = order.status == OrderStatus.PENDING_PAYMENT
    if waits and (order.payment_hold or order.is_closing or order.expires_at <= timezone.now()):
        return _SEE_THERE
    return _BECAME[OrderStatus(order.status)]
