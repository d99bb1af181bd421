"""The page of one product, and putting it into the cart."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import F, prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from config.database import with_database_safety
from config.errors import ShopError
from shop.carts import cart_to_fill
from shop.forms.cart import AddForm
from shop.models import Product
from shop.offers import offer
from shop.selectors import products_for_sale, what_a_card_shows
from shop.services.cart import add_item
from shop.showcase import cards
from shop.views.answers import see_other

RELATED = 4


@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a product; ``?varian=`` says which variant is looked at."""
    found = products_for_sale().prefetch_related(None).filter(slug=slug).first()
    if found is None:
        raise Http404
    return render(request, "shop/product.html", _page(found, request.GET.get("varian", "")))


@require_http_methods(["GET", "HEAD", "POST"])
def cart_add(request: HttpRequest) -> HttpResponse:
    """Put units of a variant into the cart, or show the product again with what is wrong. Nothing to GET here."""
    if request.method != "POST":
        return see_other("shop:cart")
    form = AddForm(request.POST)
    if form.is_valid():
        try:
            varian, quantity = form.cleaned_data["varian"], form.cleaned_data["jumlah"]
            add_item(cart=cart_to_fill(request), variant_id=varian, quantity=quantity)
        except ShopError as error:
            form.refuse(error)
        else:
            messages.success(request, "Sudah masuk keranjang.")
            return see_other("shop:cart")
    return _refused(request, form)


def _refused(request: HttpRequest, form: AddForm) -> HttpResponse:
    """Show the product of the refused form with its errors; without a product, say it on the list of all."""
    wanted = form.cleaned_data.get("varian")
    products = products_for_sale().prefetch_related(None)
    slug = request.POST.get("produk", "").replace("\x00", "")
    found = products.filter(variants=wanted).first() if wanted else products.filter(slug=slug).first()
    if found is None:
        for errors in form.errors.values():
            messages.error(request, " ".join(str(error) for error in errors))
        return see_other("shop:products")
    context = _page(found, str(wanted or "")) | {"form": form, "quantity": request.POST.get("jumlah", "")}
    return render(request, "shop/product.html", context, status=400)


def _page(found: Product, wanted: str) -> dict[str, Any]:
    """Return the context of a product's page; pictures and variants of all cards come in one go."""
    others = products_for_sale().prefetch_related(None).filter(category=found.category_id).exclude(pk=found.pk)
    nothing: list[Product] = []
    related = with_database_safety(
        lambda: list(others.order_by(F("in_stock").desc(), "-created_at", "-pk")[:RELATED]),
        timeout=3,
        retries=0,
        fallback=nothing,
        operation_name="Related products",
    )
    prefetch_related_objects([found, *related], *what_a_card_shows())
    return {
        "offer": offer(found, wanted),
        "related": cards(related),
        "current_category": found.category,
        "quantity": "1",
    }
