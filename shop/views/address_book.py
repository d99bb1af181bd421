"""The member's saved addresses. Anybody else's does not exist."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from config.errors import NotFoundError, ShopError
from shop.carts import member
from shop.forms.account import AddressForm
from shop.models import Address, User
from shop.phone import local_phone
from shop.places import proper_case
from shop.services.account import AddressData, add_address
from shop.services.address_book import address_of, change_address, delete_address, make_main_address
from shop.views.answers import see_other, wanted_next

AddressView = Callable[[HttpRequest, User, Address], HttpResponse]


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


def own_address(view: AddressView) -> Callable[[HttpRequest, int], HttpResponse]:
    """Open one of the member's own addresses; 404 for any other, also when it goes while the page is at work."""

    @require_http_methods(["GET", "HEAD", "POST"])
    @never_cache
    @login_required
    @wraps(view)
    def opened(request: HttpRequest, pk: int) -> HttpResponse:
        user = member(request)
        assert user is not None
        try:
            return view(request, user, address_of(user, pk))
        except NotFoundError as error:
            raise Http404(str(error)) from error

    return opened


@own_address
def address_edit(request: HttpRequest, user: User, address: Address) -> HttpResponse:
    """Change a saved address; orders that were placed keep the old one."""
    if request.method == "POST":
        form = AddressForm(request.POST)
    else:
        places = {name: proper_case(getattr(address, name)) for name in ("district", "city", "province")}
        shown = places | {"phone": local_phone(address.phone), "is_default": address.is_default}
        form = AddressForm(initial=vars(AddressData.of(address)) | shown)
    if form.is_valid():
        try:
            change_address(user=user, pk=address.pk, data=form.address(), is_default=form.cleaned_data["is_default"])
        except NotFoundError:
            raise
        except ShopError as error:
            form.refuse(error)
        else:
            messages.success(request, "Alamat diperbarui.")
            return see_other("shop:account")
    context = {"place": "account", "form": form, "address": address}
    return render(request, "shop/address_edit.html", context, status=400 if form.errors else 200)


@own_address
def address_delete(request: HttpRequest, user: User, address: Address) -> HttpResponse:
    """Ask whether it is meant, then forget the address."""
    if request.method != "POST":
        return render(request, "shop/address_delete.html", {"place": "account", "address": address})
    delete_address(user=user, pk=address.pk)
    messages.success(request, "Alamat dihapus. Pesananmu yang lama tidak berubah.")
    return see_other("shop:account")


@own_address
def address_main(request: HttpRequest, user: User, address: Address) -> HttpResponse:
    """Make it the address that checkout offers first."""
    if request.method == "POST":
        make_main_address(user=user, pk=address.pk)
        messages.success(request, "Alamat utama diganti.")
    return see_other("shop:account")
