"""Where the gateway sends the browser back to. What its address says is never believed."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from orders.answers import SeeOther, private_page
from orders.models import Order
from orders.visitor import holds
from payments.gateway.types import GATEWAY_ID
from payments.page_state import PageState
from payments.selectors import paths_of, payment_by_gateway_id, situation_of
from payments.views.asking import ask_gateway

_LOOKS_PAID = frozenset({"settlement", "capture"})
NOT_SURE = "Pembayaran sedang kami periksa. Biasanya hasilnya ada dalam beberapa menit."


@csrf_exempt  # some banks come back with a form of their own; nothing here changes on a visitor's word
@require_http_methods(["GET", "HEAD", "POST"])
@private_page
def finish(request: HttpRequest) -> HttpResponse:
    """Lead the order's own visitor to its page, after asking the gateway; anybody else learns nothing."""
    if request.method == "POST":
        # Without the session: the cookie does not come along from another site. The next GET has it.
        named = {"order_id": request.POST.get("order_id") or request.GET.get("order_id", "")}
        return SeeOther(f"{reverse('payments:finish')}?{urlencode(named)}")
    order = _named_order(request.GET.get("order_id", ""))
    if order is None or not holds(request, order):
        return render(request, "payments/finish.html")
    return _to_order(request, order)


def _named_order(gateway_id: str) -> Order | None:
    if not GATEWAY_ID.fullmatch(gateway_id):
        return None
    payment = payment_by_gateway_id(gateway_id)
    return payment.order if payment else None


def _to_order(request: HttpRequest, order: Order) -> HttpResponse:
    """Ask the gateway, so that "Dibayar" shows at once, and lead to where the order stands."""
    answered = ask_gateway(order)
    order.refresh_from_db()
    state = situation_of(order).state
    claims_paid = request.GET.get("transaction_status", "") in _LOOKS_PAID
    if state is PageState.WAITING and (claims_paid or not answered):
        messages.info(request, NOT_SURE)
    return SeeOther(paths_of(order).place_of(state))
