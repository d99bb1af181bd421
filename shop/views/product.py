"""The page of one product, and putting it into the cart."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.templatetags.static import static
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_safe

from config.database import with_database_safety
from config.errors import ShopError
from shop.carts import cart_to_fill
from shop.facts import (
    CardFacts,
    CategoryFacts,
    ProductFacts,
    card_facts,
    category_facts,
    current_product_slug,
    product_facts,
    related_ids,
)
from shop.forms.cart import AddForm
from shop.linked_data import crumbs, linked, organization
from shop.linked_data import product as product_data
from shop.models import Variant
from shop.offers import offer
from shop.remembered import show
from shop.services.cart import add_item
from shop.sharing import sharing_picture
from shop.showcase import cards, menu
from shop.views.answers import moved, see_other

RELATED = 4
PICTURE_S = 86_400


@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a product; ``?varian=`` says which variant is looked at. A former address leads to the one it has now."""
    found = product_facts(slug)
    if found is None:
        return moved(request, "shop:product", current_product_slug(slug))
    facts = found, _related(found), category_facts()
    wanted = request.GET.get("varian", "")
    return show(request, "shop/product.html", facts=facts, context=lambda: _page(*facts, wanted))


@require_safe
@cache_control(public=True, max_age=PICTURE_S)
def picture(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer with the picture that others show of a link to the product, or send to that of the shop."""
    found = product_facts(slug)
    if found is None:
        raise Http404
    pictures = json.loads(found.pictures or "[]")
    made = sharing_picture(pictures[0]["large"]) if pictures else None
    if made is None:
        return HttpResponseRedirect(static("img/og.jpg"))
    return HttpResponse(made, content_type="image/jpeg")


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
    slug = request.POST.get("produk", "").replace("\x00", "")
    if wanted:
        slug = Variant.objects.filter(pk=wanted).values_list("product__slug", flat=True).first() or ""
    found = product_facts(slug)
    if found is None:
        for errors in form.errors.values():
            messages.error(request, " ".join(str(error) for error in errors))
        return see_other("shop:products")
    context = _page(found, _related(found), category_facts(), str(wanted or ""))
    context |= {"form": form, "quantity": request.POST.get("jumlah", "")}
    return render(request, "shop/product.html", context, status=400)


def _related(found: ProductFacts) -> tuple[CardFacts, ...]:
    """Return what the cards of similar products show; a page can do without them."""
    nothing: tuple[CardFacts, ...] = ()
    return with_database_safety(
        lambda: card_facts(related_ids(found, RELATED)),
        timeout=3,
        retries=0,
        fallback=nothing,
        operation_name="Related products",
    )


def _page(
    found: ProductFacts,
    related: tuple[CardFacts, ...],
    categories: tuple[CategoryFacts, ...],
    wanted: str,
) -> dict[str, Any]:
    """Return the context of a product's page."""
    shown = offer(found, wanted)
    return {
        "offer": shown,
        "related": cards(related),
        "menu_categories": menu(categories),
        "current_category": shown.product.category,
        "quantity": "1",
        "linked": linked(
            product_data(shown),
            crumbs(
                (shown.product.category.name, shown.product.category.get_absolute_url()),
                (shown.product.name, shown.product.get_absolute_url()),
            ),
            organization(),
        ),
    }
