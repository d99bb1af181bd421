"""Passwords and e-mail addresses: forgotten, set anew by a mailed link, changed by whoever is logged in."""

from __future__ import annotations

from math import ceil

from django.contrib import auth, messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from config.errors import NotFoundError, ShopError
from shop import limits, links
from shop.carts import member
from shop.forms.credentials import (
    ChangePasswordForm,
    EmailChangeForm,
    ForgottenForm,
    KnownPasswordForm,
    NewPasswordForm,
)
from shop.login_guard import forgive
from shop.login_guard import seconds_to_wait as seconds_to_wait_for_password
from shop.models import User
from shop.services import credentials
from shop.views.answers import leading_on, next_to_mail, see_other
from shop.views.errors import too_many_requests

FORM_METHODS = ["GET", "HEAD", "POST"]
WRONG = "Kata sandi ini salah."


@never_cache
@require_http_methods(FORM_METHODS)
def password_forgotten(request: HttpRequest) -> HttpResponse:
    """Ask for the address and mail a link to it; the answer is the same whether it has an account or not."""
    form = ForgottenForm(request.POST) if request.method == "POST" else ForgottenForm()
    goal = _goal(request)
    if not form.is_valid():
        context = {"form": form, "next": goal}
        return render(request, "shop/password_forgotten.html", context, status=400 if form.errors else 200)
    email = form.cleaned_data["email"]
    if wait := limits.seconds_to_wait(request, limits.PASSWORD_RESET, email):
        return too_many_requests(request, wait)
    credentials.ask_password_reset(email=email, goal=goal)
    return see_other(leading_on("shop:password_mailed", goal))


@never_cache
@require_http_methods(["GET", "HEAD"])
def password_mailed(request: HttpRequest) -> HttpResponse:
    """Say that a mail is on its way, if there is somebody for it."""
    context = {"hours": links.PASSWORD_RESET.hours, "next": _goal(request)}
    return render(request, "shop/password_mailed.html", context)


def _goal(request: HttpRequest) -> str:
    """Return where the visitor was going when he was asked to log in; empty where that is his account anyway."""
    goal = next_to_mail(request, "shop:account")
    return "" if goal == resolve_url("shop:account") else goal


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(FORM_METHODS)
def password_set(request: HttpRequest, token: str) -> HttpResponse:
    """Let the owner of a link choose a new password. A GET uses nothing up: mail programs open links as well."""
    found = links.read_token(links.PASSWORD_RESET, token)
    if found is None:
        return dead_link(request)
    form = NewPasswordForm(request.POST if request.method == "POST" else None, owner=found[0])
    if form.is_valid():
        try:
            credentials.set_new_password(token=token, password=form.cleaned_data["password"])
        except NotFoundError:
            return dead_link(request)
        if request.user.is_authenticated:  # a visitor keeps his session, and the cart in it
            auth.logout(request)
        messages.success(request, "Kata sandi barumu tersimpan. Silakan masuk.")
        return see_other(leading_on("shop:login", found[1]))
    return private(render(request, "shop/password_set.html", {"form": form}, status=400 if form.errors else 200))


@sensitive_post_parameters("current", "password")
@never_cache
@login_required
@require_http_methods(FORM_METHODS)
def password_change(request: HttpRequest) -> HttpResponse:
    """Change one's own password; this session goes on, every other one ends."""
    user = _me(request)
    form = ChangePasswordForm(request.POST if request.method == "POST" else None, owner=user)
    if form.is_valid() and knows_password(request, user, form):
        credentials.change_password(user=user, password=form.cleaned_data["password"])
        auth.update_session_auth_hash(request, user)
        messages.success(request, "Kata sandi diganti. Perangkat lain sudah dikeluarkan.")
        return see_other("shop:account")
    return _form(request, "shop/password_change.html", form)


@sensitive_post_parameters("current")
@never_cache
@login_required
@require_http_methods(FORM_METHODS)
def email_change(request: HttpRequest) -> HttpResponse:
    """Ask for a new address and mail a link to it."""
    user = _me(request)
    form = EmailChangeForm(request.POST) if request.method == "POST" else EmailChangeForm()
    if form.is_valid() and knows_password(request, user, form):
        if wait := limits.seconds_to_wait(request, limits.EMAIL_CHANGE, str(user.pk)):
            return too_many_requests(request, wait)
        try:
            credentials.ask_email_change(user=user, email=form.cleaned_data["email"])
        except ShopError as error:
            form.refuse(error)
        else:
            messages.success(request, f"Buka tautan yang kami kirim ke {form.cleaned_data['email']}.")
            return see_other("shop:account")
    return _form(request, "shop/email_change.html", form)


@never_cache
@require_http_methods(FORM_METHODS)
def email_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Take over the address that the link was sent to, at the press of a button."""
    found = links.read_token(links.EMAIL_CHANGE, token)
    if found is None:
        return dead_link(request)
    if request.method != "POST":
        return private(render(request, "shop/email_confirm.html", {"email": found[1]}))
    try:
        credentials.confirm_email_change(token=token)
    except NotFoundError:
        return dead_link(request)
    except ShopError as error:
        messages.error(request, str(error))
        return see_other("shop:account")
    messages.success(request, "E-mailmu sudah diganti. Pakai yang baru untuk masuk.")
    return see_other("shop:account")


def knows_password(request: HttpRequest, user: User, form: KnownPasswordForm) -> bool:
    """Say whether the form has the member's password; if not, say so in it. As many tries as at the login, no more."""
    if wait := seconds_to_wait_for_password(request):
        form.add_error("current", f"Terlalu banyak percobaan. Coba lagi {ceil(wait / 60)} menit lagi.")
        return False
    if auth.authenticate(request, username=user.email or "", password=form.cleaned_data["current"]) != user:
        form.add_error("current", WRONG)
        return False
    forgive(request)
    return True


def dead_link(request: HttpRequest) -> HttpResponse:
    """Return the page for a link that was used, is too old, or never was one; all look the same."""
    return private(render(request, "shop/dead_link.html", status=404))


def _me(request: HttpRequest) -> User:
    user = member(request)
    assert user is not None
    return user


def _form(request: HttpRequest, template: str, form: KnownPasswordForm) -> HttpResponse:
    return render(request, template, {"place": "account", "form": form}, status=400 if form.errors else 200)


def private(response: HttpResponse) -> HttpResponse:
    """Keep the address, which is a secret, within the site and out of search engines."""
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
