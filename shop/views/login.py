"""Logging in and out. Whoever comes in brings the visitor's cart along, once."""

from __future__ import annotations

from math import ceil

from django.contrib import auth, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from shop.carts import cart_token, take_along
from shop.forms.account import LoginForm
from shop.login_guard import forgive, seconds_to_wait
from shop.models import User
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
    if user:
        return welcome(request, user, goal)
    return render(request, "shop/login.html", {"form": form, "next": goal}, status=400 if form.errors else 200)


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


@require_http_methods(["GET", "HEAD", "POST"])
def log_out(request: HttpRequest) -> HttpResponse:
    """Log out with POST; a GET (somebody typed the address) leads to the account page."""
    if request.method != "POST":
        return see_other("shop:account")
    auth.logout(request)
    messages.success(request, "Kamu sudah keluar.")
    return see_other("shop:home")


def welcome(request: HttpRequest, user: User, goal: str) -> HttpResponse:
    """Start the member's session (under a new key) and merge the cart that the visitor had."""
    token = cart_token(request)
    auth.login(request, user)
    take_along(request, user, token)
    return see_other(goal)
