"""What the cart's page shows beside the cart itself; ``shop`` knows it as the hook CART_EXTRAS."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from orders import destination
from orders.area_form import AreaForm
from orders.checkout import buyer_of, load_draft
from orders.preview import preview
from orders.views.entry import Problem
from orders.voucher_box import CODE_BOX, take_refusal
from shop.carts import member
from shop.selectors import CartView


def cart_extras(request: HttpRequest, view: CartView) -> dict[str, Any]:
    """Return the context for shipping, voucher and sums of a cart that holds something.

    A member's main address costs a query, an estimate one more, a voucher two.
    """
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
