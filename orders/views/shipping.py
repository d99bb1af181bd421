"""Step 2: how it travels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from orders.answers import SeeOther, private_page
from orders.checkout import Checkout, save_draft
from orders.forms import ShippingForm
from orders.views.entry import Problem, enter_with_address, notices, renewed, settle, steps


@require_http_methods(["GET", "HEAD", "POST"])
@private_page
def shipping(request: HttpRequest) -> HttpResponse:
    """Offer the services that reach the address with this weight."""
    checkout = enter_with_address(request)
    if request.method != "POST":
        return _show(request, checkout, ShippingForm(checkout=checkout))
    form = ShippingForm(request.POST, checkout=checkout)
    if form.is_valid():
        save_draft(request.session, replace(checkout.draft, shipping_method=form.cleaned_data["shipping_method"]))
    if problems := settle(request, checkout):
        checkout = renewed(request, checkout)
        return _show(request, checkout, ShippingForm(checkout=checkout), problems)
    return SeeOther(reverse("orders:review")) if form.is_valid() else _show(request, checkout, form)


def _show(
    request: HttpRequest,
    checkout: Checkout,
    form: ShippingForm,
    problems: Sequence[Problem] = (),
) -> HttpResponse:
    context = {
        "checkout": checkout,
        "form": form,
        "steps": steps(1),
        "problems": problems,
        "notices": [] if problems else notices(checkout),
    }
    return render(request, "orders/shipping.html", context, status=400 if form.errors else 200)
