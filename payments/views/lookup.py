"""Finding an order without an account: number and e-mail, and the link comes by mail. The page itself tells nothing."""

from __future__ import annotations

import re

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from orders.answers import private_page
from orders.services.order_link import mail_order_link
from shop import limits
from shop.forms import ShopForm
from shop.forms.account import email_field
from shop.views.answers import see_other
from shop.views.errors import too_many_requests

_NUMBER = re.compile(r"(?:ORD-?)?(\d{8})-?([A-Z0-9]{6})")


class LookupForm(ShopForm):
    """Which order, and the address it was placed with; the number in any spelling that names it."""

    number = forms.CharField(
        label="Nomor pesanan",
        max_length=40,
        help_text="Ada di mail dari kami, misalnya ORD-20261124-7K3Q9A.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    email = email_field(autocomplete="email", help_text="E-mail yang kamu tulis waktu memesan.")

    def clean_number(self) -> str:
        found = _NUMBER.fullmatch(re.sub(r"[\s#]", "", self.cleaned_data["number"]).upper())
        if found is None:
            raise ValidationError("Nomor pesanan terdiri dari ORD, tanggal, dan enam huruf atau angka.")
        return f"ORD-{found[1]}-{found[2]}"


@require_http_methods(["GET", "HEAD", "POST"])
@private_page
def lookup(request: HttpRequest) -> HttpResponse:
    """Ask for number and e-mail. The answer is the same for a right pair and a wrong one."""
    form = LookupForm(request.POST) if request.method == "POST" else LookupForm()
    if not form.is_valid():
        return render(request, "payments/lookup.html", {"form": form}, status=400 if form.errors else 200)
    email = form.cleaned_data["email"]
    if wait := limits.seconds_to_wait(request, limits.ORDER_LOOKUP, email):
        return too_many_requests(request, wait)
    mail_order_link(number=form.cleaned_data["number"], email=email)
    return see_other("payments:lookup_mailed")


@require_safe
@private_page
def mailed(request: HttpRequest) -> HttpResponse:
    """Say that the link is on its way, if there is such an order."""
    return render(request, "payments/lookup_mailed.html")
