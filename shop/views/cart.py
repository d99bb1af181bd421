"""The cart: looking, changing, accepting what changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from config.errors import ShopError
from shop.carts import current_cart
from shop.forms.cart import CartForm, RemoveForm, RestoreForm
from shop.models import Cart, CartStatus
from shop.selectors import CartLine, CartView, cart_view
from shop.services.cart import accept_changes, set_quantity
from shop.views.answers import see_other

_UNDO = "cart_undo"


@require_safe
@never_cache
def cart(request: HttpRequest) -> HttpResponse:
    """Show the cart with prices and stock as they are now."""
    found = current_cart(request)
    view = _view(found)
    undo = request.session.pop(_UNDO, None) if _UNDO in request.session else None
    ordered = found if found is not None and found.status == CartStatus.CONVERTED else None
    return _render(request, view, CartForm(view.lines), ordered=ordered, undo=undo)


@require_http_methods(["GET", "HEAD", "POST"])
def cart_change(request: HttpRequest) -> HttpResponse:
    """Set quantities, take one line out (the button ``hapus``) or put it back (``kembalikan``). Nothing to GET here."""
    found = current_cart(request)
    if request.method != "POST" or found is None:
        return see_other("shop:cart")
    if "hapus" in request.POST:
        return _remove(request, found)
    if "kembalikan" in request.POST:
        return _restore(request, found)
    view = _view(found)
    form = CartForm(view.lines, request.POST)
    if form.is_valid() and _apply(found, form):
        for gone in (line for line in view.lines if form.changes().get(line.variant.pk) == 0):
            _offer_undo(request, gone)
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
            pk = form.cleaned_data["hapus"]
            gone = [line for line in _view(found).lines if line.variant.pk == pk]
            set_quantity(cart=found, variant_id=pk, quantity=0)
            for line in gone:
                _offer_undo(request, line)
    except ShopError as error:
        messages.error(request, str(error))
    return see_other("shop:cart")


def _offer_undo(request: HttpRequest, line: CartLine) -> None:
    """Let the next page put a line back that was just taken out; the last one only."""
    request.session[_UNDO] = {"variant": line.variant.pk, "quantity": line.quantity, "name": line.name}


def _restore(request: HttpRequest, found: Cart) -> HttpResponse:
    form = RestoreForm(request.POST)
    try:
        if form.is_valid():
            wanted = form.cleaned_data
            set_quantity(cart=found, variant_id=wanted["kembalikan"], quantity=wanted["jumlah"])
    except ShopError as error:
        messages.error(request, str(error))
    return see_other("shop:cart")


def _render(
    request: HttpRequest,
    view: CartView,
    form: CartForm,
    *,
    ordered: Cart | None = None,
    undo: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Answer with the page. What belongs to orders comes from the hook CART_EXTRAS: shipping, voucher, sums, or what
    became of the order that the cart was turned into (``ordered``).
    """
    extras: Callable[[HttpRequest, CartView, Cart | None], dict[str, Any]] = import_string(settings.CART_EXTRAS)
    context = {"place": "cart", "view": view, "form": form, "ordered": ordered, "cart_units": view.units, "undo": undo}
    return render(request, "shop/cart.html", context | extras(request, view, ordered), status=status)
