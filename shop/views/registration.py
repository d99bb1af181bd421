"""Making an account: name and address first, then a mailed link, then a password."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from config.errors import NotFoundError
from shop import limits, links
from shop.forms.account import RegisterForm
from shop.forms.credentials import NewPasswordForm
from shop.links import Newcomer
from shop.models import User
from shop.services.registration import ask_registration, finish_registration
from shop.views.answers import next_to_mail, see_other, wanted_next
from shop.views.credentials import dead_link, private
from shop.views.errors import too_many_requests
from shop.views.login import welcome

FORM_METHODS = ["GET", "HEAD", "POST"]
_ASKED = "registering"


@never_cache
@require_http_methods(FORM_METHODS)
def register(request: HttpRequest) -> HttpResponse:
    """Take a name and an address and mail a link there; the answer is the same whether it has an account or not."""
    goal = wanted_next(request, "shop:account")
    if request.user.is_authenticated:
        return see_other(goal)
    form = RegisterForm(request.POST) if request.method == "POST" else RegisterForm()
    if not form.is_valid():
        context = {"form": form, "next": goal}
        return render(request, "shop/register.html", context, status=400 if form.errors else 200)
    newcomer = Newcomer(**form.cleaned_data, goal=next_to_mail(request, "shop:account"))
    if wait := limits.seconds_to_wait(request, limits.REGISTRATION, newcomer.email):
        return too_many_requests(request, wait)
    ask_registration(newcomer)
    request.session[_ASKED] = newcomer.email
    return see_other("shop:register_mailed")


@never_cache
@require_http_methods(["GET", "HEAD"])
def register_mailed(request: HttpRequest) -> HttpResponse:
    """Say that a mail is on its way; where to, is told to the session that asked."""
    context = {"email": request.session.get(_ASKED, ""), "hours": links.NEW_ACCOUNT.hours}
    return render(request, "shop/register_mailed.html", context)


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(FORM_METHODS)
def register_finish(request: HttpRequest, token: str) -> HttpResponse:
    """Take the password, make the account and log its owner in. A GET uses nothing up: mail programs open links too."""
    newcomer = links.read_newcomer_token(token)
    if newcomer is None:
        return dead_link(request)
    owner = User(email=newcomer.email, name=newcomer.name)
    form = NewPasswordForm(request.POST if request.method == "POST" else None, owner=owner)
    if not form.is_valid():
        context = {"form": form, "newcomer": newcomer}
        answer = render(request, "shop/register_finish.html", context, status=400 if form.errors else 200)
        return private(answer)
    try:
        user = finish_registration(token=token, password=form.cleaned_data["password"])
    except NotFoundError:
        return dead_link(request)
    request.session.pop(_ASKED, None)
    if newcomer.goal == resolve_url("shop:account"):
        messages.success(request, "Akunmu jadi. Selamat datang!")
    return welcome(request, user, newcomer.goal)
