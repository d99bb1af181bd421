"""Taking an order back: cancel it, cancel and change it, order the same again."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from config.errors import ShopClosedError, ShopError
from orders.answers import SeeOther
from orders.checkout import keep_voucher
from orders.models import Order
from orders.states import CLOSED_UNPAID, OrderStatus
from orders.views.entry import Problem
from orders.visitor import may_take_back
from payments.errors import CannotCancelError
from payments.pages import OrderPaths
from payments.services import BY_CUSTOMER, cancel_order
from payments.views.opening import by_link, customer_actor, only_post
from shop.carts import cart_token, member
from shop.carts import remember as remember_cart
from shop.services.cart import refill

NOT_BY_LINK = "Pesanan ini hanya dapat dibatalkan di perangkat tempat memesan, dari akunmu, atau lewat WhatsApp."
NOT_YET = "Pembatalan sudah diminta. Kami memastikan dulu bahwa tidak ada pembayaran yang masuk."


@require_http_methods(["GET", "HEAD", "POST"])
@by_link
def cancel(request: HttpRequest, order: Order, paths: OrderPaths) -> HttpResponse:
    """Ask whether it is meant, then cancel."""
    if order.status != OrderStatus.PENDING_PAYMENT or order.is_closing or not _allowed(request, order):
        return SeeOther(paths.order)
    if request.method != "POST":
        return _ask(request, order, paths)
    try:
        _cancel(request, order)
    except ShopClosedError:
        raise
    except CannotCancelError as error:  # money came first, or somebody else was quicker
        messages.info(request, str(error))
    except ShopError as error:
        return _ask(request, order, paths, [Problem(str(error))])
    return SeeOther(paths.order)


@require_http_methods(["GET", "HEAD", "POST"])
@by_link
@only_post
def change(request: HttpRequest, order: Order, paths: OrderPaths) -> HttpResponse:
    """Cancel the order and bring its contents back into the cart."""
    if order.status == OrderStatus.PENDING_PAYMENT:
        if not _allowed(request, order):
            return SeeOther(paths.order)
        try:
            if not _cancel(request, order):
                return SeeOther(paths.order)
        except ShopClosedError:
            raise
        except ShopError as error:
            messages.warning(request, str(error))
            return SeeOther(paths.order)
        order.refresh_from_db()
    return _refill(request, order) if order.status in CLOSED_UNPAID else SeeOther(paths.order)


@require_http_methods(["GET", "HEAD", "POST"])
@by_link
@only_post
def reorder(request: HttpRequest, order: Order, paths: OrderPaths) -> HttpResponse:
    """Put the same things into the cart again; not while the order itself can still be paid."""
    return SeeOther(paths.order) if order.status == OrderStatus.PENDING_PAYMENT else _refill(request, order)


def _allowed(request: HttpRequest, order: Order) -> bool:
    """Say whether the visitor may cancel, with words for who may not."""
    if may_take_back(request, order):
        return True
    messages.info(request, NOT_BY_LINK)
    return False


def _cancel(request: HttpRequest, order: Order) -> bool:
    """Cancel; False, with words for the customer, while the gateway has not confirmed."""
    closed = cancel_order(order_id=order.pk, actor=customer_actor(order), reason=BY_CUSTOMER)
    if not closed:
        messages.info(request, NOT_YET)
    return closed


def _refill(request: HttpRequest, order: Order) -> HttpResponse:
    """Copy the order's lines into the open cart; what is not sold any more is left out, and said."""
    items = list(order.items.all())
    wanted = {item.variant_id: item.quantity for item in items}
    names = {item.variant_id: f"{item.name}, {item.variant_name}".rstrip(", ") for item in items}
    try:
        cart = refill(user=member(request), token=cart_token(request), quantities=wanted)
    except ShopError as error:
        messages.warning(request, str(error))
        return SeeOther(reverse("shop:cart"))
    remember_cart(request, cart)
    if order.status in CLOSED_UNPAID:
        keep_voucher(request.session, order.voucher_code)
    here = set(cart.items.filter(variant_id__in=wanted).values_list("variant_id", flat=True))
    if gone := [names[pk] for pk in wanted if pk not in here]:
        messages.warning(request, f"Tidak dijual lagi: {', '.join(gone)}.")
    if here:
        messages.success(request, f"Isi pesanan {order.number} ada di keranjangmu lagi.")
    return SeeOther(reverse("shop:cart"))


def _ask(request: HttpRequest, order: Order, paths: OrderPaths, problems: Sequence[Problem] = ()) -> HttpResponse:
    return render(request, "payments/cancel.html", {"order": order, "paths": paths, "problems": problems})
