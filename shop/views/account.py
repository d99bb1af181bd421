"""The member's own page, and who he is."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from config.errors import ShopError
from shop.carts import member
from shop.forms.credentials import ProfileForm
from shop.models import Address
from shop.phone import local_phone
from shop.services.account import change_profile
from shop.views.answers import see_other


@require_safe
@never_cache
@login_required
def account(request: HttpRequest) -> HttpResponse:
    """Show who is logged in, the way to the orders, and the saved addresses."""
    addresses = Address.objects.filter(user=member(request))
    return render(request, "shop/account.html", {"place": "account", "addresses": addresses})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Change name and telephone number."""
    user = member(request)
    assert user is not None
    shown = {"name": user.name, "phone": local_phone(user.phone) if user.phone else ""}
    form = ProfileForm(request.POST) if request.method == "POST" else ProfileForm(initial=shown)
    if form.is_valid():
        try:
            change_profile(user=user, **form.cleaned_data)
        except ShopError as error:
            form.refuse(error)
        else:
            messages.success(request, "Datamu tersimpan.")
            return see_other("shop:account")
    return render(request, "shop/profile.html", {"place": "account", "form": form}, status=400 if form.errors else 200)
