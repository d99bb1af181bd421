"""Step 1: where it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from config.errors import InvalidInputError
from orders import destination, regions, shipping
from orders.answers import SeeOther, private_page
from orders.checkout import Checkout, Draft, order_of, save_draft
from orders.forms import GuestAddressForm, NewAddressForm, SavedAddressForm, TypedAddressForm
from orders.links import order_path
from orders.models import Order
from orders.states import PAID_OR_LATER, OrderStatus
from orders.views.entry import Problem, enter, notices, renewed, settle, steps
from orders.visitor import remember_placed
from shop.carts import current_cart
from shop.models import CartStatus
from shop.services.account import AddressData

AnyAddressForm = TypedAddressForm | SavedAddressForm


@require_http_methods(["GET", "HEAD", "POST"])
@private_page
def address(request: HttpRequest) -> HttpResponse:
    """Ask for the address, or let a member pick one; a cart that is an order already leads to that order."""
    if order := _ordered(request):
        return _already_ordered(request, order)
    checkout = enter(request)
    if request.method != "POST":
        return _straight_to_review(request, checkout) or _show(request, checkout, _form(request, checkout))
    form = _form(request, checkout)
    problems = settle(request, checkout)
    draft = None if problems else _draft_of(form)
    if draft is None:
        return _show(request, renewed(request, checkout) if problems else checkout, form, problems)
    save_draft(request.session, draft)
    if region := regions.find(draft.region):
        destination.remember(request.session, region)
    return SeeOther(reverse("orders:shipping"))


def _form(request: HttpRequest, checkout: Checkout) -> AnyAddressForm:
    """Return the form that fits the visitor; ``?alamat=baru`` is a member's way to a further address."""
    data = request.POST if request.method == "POST" else None
    if checkout.member is None:
        return GuestAddressForm(data, checkout=checkout)
    if checkout.saved and request.GET.get("alamat") != "baru":
        return SavedAddressForm(data, checkout=checkout)
    return NewAddressForm(data, checkout=checkout)


def _draft_of(form: AnyAddressForm) -> Draft | None:
    """Return the draft with what the form holds, or None when something in it has to be put right."""
    if not form.is_valid():
        return None
    try:
        return form.to_draft()
    except InvalidInputError as error:
        form.refuse(error)
        return None


def _straight_to_review(request: HttpRequest, checkout: Checkout) -> HttpResponse | None:
    """Lead a member with a saved address to the one screen to confirm: main address, cheapest service.

    Only at the start of a checkout; whoever has begun one, or asks for another address, stays on this step.
    """
    if checkout.draft.is_begun or not checkout.saved or request.GET or checkout.contents.has_changes:
        return None
    main = checkout.saved[0]
    offered = shipping.quotes(province=AddressData.of(main).province, grams=checkout.contents.grams)
    if not offered:
        return None
    save_draft(request.session, replace(checkout.draft, address_id=main.pk, shipping_method=offered[0].code))
    return SeeOther(reverse("orders:review"))


def _show(
    request: HttpRequest,
    checkout: Checkout,
    form: AnyAddressForm,
    problems: Sequence[Problem] = (),
) -> HttpResponse:
    context = {
        "checkout": checkout,
        "form": form,
        "steps": steps(0),
        "problems": problems,
        "notices": [] if problems else notices(checkout),
        "picks": isinstance(form, SavedAddressForm),
    }
    return render(request, "orders/address.html", context, status=400 if form.errors else 200)


def _ordered(request: HttpRequest) -> Order | None:
    """Return the order that the visitor's cart became, if it did."""
    cart = current_cart(request)
    return order_of(cart) if cart is not None and cart.status == CartStatus.CONVERTED else None


def _already_ordered(request: HttpRequest, order: Order) -> HttpResponse:
    """Say what stands open instead of an empty cart; the same in every tab."""
    remember_placed(request, order)
    if request.method == "POST":
        return SeeOther(reverse("orders:checkout"))
    context = {
        "order": order,
        "order_path": order_path(order),
        "waits": order.status == OrderStatus.PENDING_PAYMENT,
        "paid": order.status in PAID_OR_LATER,
    }
    return render(request, "orders/ordered.html", context)
