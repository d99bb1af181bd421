"""Logging in and out, and registering. Whoever comes in brings the visitor's cart along, once."""

from __future__ import annotations

from math import ceil

from django.contrib import auth, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from config.errors import ShopError
from shop.carts import cart_token, take_along
from shop.forms import ShopForm
from shop.forms.account import LoginForm, RegisterForm
from shop.login_guard import forgive, seconds_to_wait
from shop.models import User
from shop.services import account
from shop.views.answers import see_other, wanted_next

# The same for a wrong password, an unknown address, a guest and an account that was switched off.
REFUSED = "E-mail atau kata sandi salah. Periksa lagi keduanya."


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def log_in(request: HttpRequest) -> HttpResponse:
    """Log a member in, and lead on to where he was going."""
    goal = wanted_next(request, "shop:account")
    if request.user.is_authenticated:
        return see_other(goal)
    form = LoginForm(request.POST) if request.method == "POST" else LoginForm()
    user = _who_is(request, form) if form.is_valid() else None
    return _welcome(request, user, goal) if user else _render(request, "shop/login.html", form, goal)


def _who_is(request: HttpRequest, form: LoginForm) -> User | None:
    """Return whose e-mail and password these are, or say in the form why nobody's."""
    email, password = form.cleaned_data["email"], form.cleaned_data["password"]
    if wait := seconds_to_wait(request):
        form.add_error(None, f"Terlalu banyak percobaan. Coba lagi {ceil(wait / 60)} menit lagi.")
        return None
    user = auth.authenticate(request, username=email, password=password)
    if isinstance(user, User):
        forgive(request)
        return user
    form.add_error(None, REFUSED)
    return None


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """Make an account and log its owner in.

    An address that has an account already is refused with the same general sentence as any that cannot be used;
    without a mail to confirm it, no answer could hide more.
    """
    goal = wanted_next(request, "shop:account")
    if request.user.is_authenticated:
        return see_other(goal)
    form = RegisterForm(request.POST) if request.method == "POST" else RegisterForm()
    if form.is_valid():
        try:
            user = account.register(**form.cleaned_data)
        except ShopError as error:
            form.refuse(error)
        else:
            return _welcome(request, user, goal)
    return _render(request, "shop/register.html", form, goal)


@require_http_methods(["GET", "HEAD", "POST"])
def log_out(request: HttpRequest) -> HttpResponse:
    """Log out with POST; a GET (somebody typed the address) leads to the account page."""
    if request.method != "POST":
        return see_other("shop:account")
    auth.logout(request)
    messages.success(request, "Kamu sudah keluar.")
    return see_other("shop:home")


def _welcome(request: HttpRequest, user: User, goal: str) -> HttpResponse:
    """Start the member's session (under a new key) and merge the cart that the visitor had."""
    token = cart_token(request)
    auth.login(request, user)
    take_along(request, user, token)
    return see_other(goal)


def _render(request: HttpRequest, template: str, form: ShopForm, goal: str) -> HttpResponse:
    return render(request, template, {"form": form, "next": goal}, status=400 if form.errors else 200)
