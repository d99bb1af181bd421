"""The cart: looking, changing, accepting what changed meanwhile."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from config.errors import ShopError
from shop.carts import current_cart
from shop.forms.cart import CartForm, RemoveForm
from shop.models import Cart, CartStatus
from shop.selectors import CartView, cart_view
from shop.services.cart import accept_changes, set_quantity
from shop.views.answers import see_other


@require_safe
@never_cache
def cart(request: HttpRequest) -> HttpResponse:
    """Show the cart with prices and stock as they are now."""
    found = current_cart(request)
    view = _view(found)
    ordered = found is not None and found.status == CartStatus.CONVERTED
    return _render(request, view, CartForm(view.lines), ordered=ordered)


@require_http_methods(["GET", "HEAD", "POST"])
def cart_change(request: HttpRequest) -> HttpResponse:
    """Set quantities, or take one line out (the button ``hapus``). Nothing to GET here."""
    found = current_cart(request)
    if request.method != "POST" or found is None:
        return see_other("shop:cart")
    if "hapus" in request.POST:
        return _remove(request, found)
    view = _view(found)
    form = CartForm(view.lines, request.POST)
    if form.is_valid() and _apply(found, form):
        return see_other("shop:cart")
    return _render(request, view, form, status=400)


@require_http_methods(["GET", "HEAD", "POST"])
def cart_accept(request: HttpRequest) -> HttpResponse:
    """Take over today's prices and what the stock still covers. Nothing to GET here."""
    found = current_cart(request)
    if request.method == "POST" and found is not None:
        quantities = {line.variant.pk: min(line.quantity, line.available) for line in _view(found).lines}
        try:
            accept_changes(cart=found, quantities=quantities)
        except ShopError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, "Keranjang sudah disesuaikan.")
    return see_other("shop:cart")


def _view(found: Cart | None) -> CartView:
    """Return what is in an open cart; a cart that became an order is no longer one."""
    return cart_view(found if found is not None and found.status == CartStatus.OPEN else None)


def _apply(found: Cart, form: CartForm) -> bool:
    """Write the changed quantities; what a rule refuses is shown in the form."""
    try:
        for variant_id, quantity in form.changes().items():
            set_quantity(cart=found, variant_id=variant_id, quantity=quantity)
    except ShopError as error:
        form.refuse(error)
        return False
    return True


def _remove(request: HttpRequest, found: Cart) -> HttpResponse:
    form = RemoveForm(request.POST)
    try:
        if form.is_valid():
            set_quantity(cart=found, variant_id=form.cleaned_data["hapus"], quantity=0)
    except ShopError as error:
        messages.error(request, str(error))
    return see_other("shop:cart")


def _render(
    request: HttpRequest,
    view: CartView,
    form: CartForm,
    *,
    ordered: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = {"place": "cart", "view": view, "form": form, "ordered": ordered, "cart_units": view.units}
    return render(request, "shop/cart.html", context, status=status)
