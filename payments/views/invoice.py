"""The invoice: by the order's link with masked personal data, by its number for the member whose it is."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from orders.answers import SeeOther
from orders.models import Order
from orders.visitor import owns
from payments.invoice import has_invoice, invoice_of
from payments.pages import OrderPaths
from payments.views import opening


@require_safe
@opening.by_link
def by_token(request: HttpRequest, order: Order, paths: OrderPaths) -> HttpResponse:
    """Show the invoice behind a link; masked unless its owner is logged in."""
    return _show(request, order, paths)


@require_safe
@opening.by_number
def by_number(request: HttpRequest, order: Order, paths: OrderPaths) -> HttpResponse:
    """Show a member's own invoice."""
    return _show(request, order, paths)


def _show(request: HttpRequest, order: Order, paths: OrderPaths) -> HttpResponse:
    if not has_invoice(order):
        messages.info(request, "Faktur ada setelah pesanan ini dibayar.")
        return SeeOther(paths.order)
    return render(request, "payments/invoice.html", {"page": invoice_of(order, paths, whole=owns(request, order))})
