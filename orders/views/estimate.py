"""What shipping costs before there is an address: for one product, or for the cart."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from orders import destination
from orders.answers import SeeOther, private_page
from orders.area_form import AreaForm
from shop.carts import current_cart, member
from shop.models import CartStatus, Variant
from shop.selectors import cart_view
from shop.views.answers import wanted_next

_MAX_ID = 2**63 - 1


class _What(forms.Form):
    """The variant that is looked at; nothing means the cart."""

    varian = forms.IntegerField(min_value=1, max_value=_MAX_ID, required=False)


@require_http_methods(["GET", "HEAD", "POST"])
@private_page
def estimate(request: HttpRequest) -> HttpResponse:
    """Show the cheapest service to the remembered district; a POST remembers another one (``lupa``: none).

    The page holds the same box as the product's page and the cart, so that a script can take it from here.
    """
    variant = _variant(request)
    form = AreaForm(request.POST if request.method == "POST" and "lupa" not in request.POST else None)
    if request.method == "POST":
        if "lupa" in request.POST:
            destination.forget(request.session)
        elif form.is_valid() and form.region is not None:
            destination.remember(request.session, form.region)
        if not form.errors:
            return SeeOther(wanted_next(request, _own_address(variant)))
    context = {
        "variant": variant,
        "estimate": None if form.errors else _estimate(request, variant),
        "estimate_form": form,
        "form": form,
        "estimate_next": wanted_next(request, _own_address(variant)),
        "estimate_open": "HX-Request" not in request.headers,  # on its own page; elsewhere it is folded
    }
    return render(request, "orders/estimate.html", context, status=400 if form.errors else 200)


def _own_address(variant: Variant | None) -> str:
    return reverse("orders:estimate") + (f"?varian={variant.pk}" if variant else "")


def _estimate(request: HttpRequest, variant: Variant | None) -> destination.Estimate | None:
    if variant is not None:
        grams = variant.weight
    else:
        cart = current_cart(request)
        grams = cart_view(cart if cart is not None and cart.status == CartStatus.OPEN else None).grams
    return destination.estimate(request.session, member(request), grams=grams)


def _variant(request: HttpRequest) -> Variant | None:
    """Return the variant on sale that is asked about."""
    what = _What(request.POST if request.method == "POST" else request.GET)
    wanted = what.cleaned_data.get("varian") if what.is_valid() else None
    if wanted is None:
        return None
    on_sale = Variant.objects.filter(pk=wanted, is_active=True, product__is_active=True)
    return on_sale.select_related("product").first()
