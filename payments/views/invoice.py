"""The invoice: by the order's link with masked personal data, by its number for the member whose it is."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from config.errors import NotFoundError
from orders.answers import SeeOther, private_page
from orders.models import Order
from orders.visitor import owns
from payments.invoice import has_invoice, invoice_of
from payments.pages import OrderPaths
from payments.selectors import own_order, paths_of
from payments.views.opening import by_link
from shop.carts import member


@require_safe
@by_link
def by_token(request: HttpRequest, order: Order, paths: OrderPaths) -> HttpResponse:
    """Show the invoice behind a link; masked unless its owner is logged in."""
    return _show(request, order, paths)


@require_safe
@login_required
@private_page
def by_number(request: HttpRequest, number: str) -> HttpResponse:
    """Show a member's own invoice; anybody else's does not exist."""
    user = member(request)
    assert user is not None
    try:
        found = own_order(user, number)
    except NotFoundError as error:
        raise Http404(str(error)) from error
    return _show(request, found, paths_of(found))


def _show(request: HttpRequest, order: Order, paths: OrderPaths) -> HttpResponse:
    if not has_invoice(order):
        messages.info(request, "Faktur ada setelah pesanan ini dibayar.")
        return SeeOther(paths.order)
    return render(request, "payments/invoice.html", {"page": invoice_of(order, paths, whole=owns(request, order))})
