"""A guest makes a password and is a member: the link is asked for on the order's page and comes by mail."""

from __future__ import annotations

from django.contrib import auth, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from config.errors import NotFoundError, ShopError
from orders.answers import SeeOther, private_page
from orders.models import Order
from orders.services.guest_account import ask_guest_account, become_member, guest_behind
from orders.visitor import may_take_back
from payments.pages import OrderPaths
from payments.views.opening import by_link, only_post
from shop import limits
from shop.carts import cart_token, member, take_along
from shop.forms.credentials import NewPasswordForm
from shop.models import User
from shop.views.answers import see_other
from shop.views.credentials import dead_link
from shop.views.errors import too_many_requests

MAILED = "Kami kirim tautan ke e-mail pesanan ini. Buka, buat kata sandi, selesai."


@require_http_methods(["GET", "HEAD", "POST"])
@by_link
@only_post
def ask(request: HttpRequest, order: Order, paths: OrderPaths) -> HttpResponse:
    """Mail the link; only for the browser that placed the order. Says the same whether the address has an account."""
    if member(request) is not None or not order.user.is_guest or not may_take_back(request, order):
        return SeeOther(paths.order)
    if wait := limits.seconds_to_wait(request, limits.ACCOUNT_LINK, order.email):
        return too_many_requests(request, wait)
    ask_guest_account(order=order, path_of_link="payments:guest_account")
    messages.success(request, MAILED)
    return SeeOther(paths.order)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@private_page
def make(request: HttpRequest, token: str) -> HttpResponse:
    """Take the password, make the member and log him in. A GET uses nothing up."""
    order = guest_behind(token)
    if order is None:
        return dead_link(request)
    owner = User(email=order.email, name=order.recipient)
    form = NewPasswordForm(request.POST if request.method == "POST" else None, owner=owner)
    if form.is_valid():
        try:
            user = become_member(token=token, password=form.cleaned_data["password"])
        except NotFoundError:
            return dead_link(request)
        except ShopError as error:
            form.refuse(error)
        else:
            cart = cart_token(request)
            auth.login(request, user)
            take_along(request, user, cart)
            messages.success(request, "Akunmu jadi, dan alamatmu tersimpan.")
            return see_other("shop:account")
    context = {"form": form, "order": order}
    return render(request, "payments/guest_account.html", context, status=400 if form.errors else 200)
