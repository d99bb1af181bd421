"""The member's own page and his addresses."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from config.errors import ShopError
from shop.carts import member
from shop.forms.account import AddressForm
from shop.models import Address
from shop.services.account import add_address
from shop.views.answers import see_other, wanted_next


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
def address_add(request: HttpRequest) -> HttpResponse:
    """Save an address of the member."""
    user = member(request)
    assert user is not None
    form = AddressForm(request.POST) if request.method == "POST" else AddressForm(initial={"recipient": user.name})
    if form.is_valid():
        try:
            add_address(user=user, data=form.address(), is_default=form.cleaned_data["is_default"])
        except ShopError as error:
            form.refuse(error)
        else:
            messages.success(request, "Alamat tersimpan.")
            return see_other(wanted_next(request, "shop:account"))
    context = {"place": "account", "form": form, "next": wanted_next(request, "shop:account")}
    return render(request, "shop/address_add.html", context, status=400 if form.errors else 200)
