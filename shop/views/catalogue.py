"""Lists of products: one category, everything, and what a search finds. All of them filter, sort and turn pages."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from shop.chips import active_chips
from shop.forms.catalogue import ListForm
from shop.models import Product
from shop.selectors import menu_categories, products_for_sale, search_products
from shop.showcase import cards

PER_PAGE = 24
MAX_QUERY = 100


@require_safe
def category(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one category."""
    categories = menu_categories()
    chosen = next((category for category in categories if category.slug == slug), None)
    if chosen is None:
        raise Http404
    context = _list(request, products_for_sale().filter(category=chosen))
    context |= {"menu_categories": categories, "current_category": chosen}
    return render(request, "shop/category.html", context)


@require_safe
def products(request: HttpRequest) -> HttpResponse:
    """Show everything that is for sale."""
    return render(request, "shop/products.html", _list(request, products_for_sale()))


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Show what holds every word of ``q``; without words, only where to look."""
    words = request.GET.get("q", "").replace("\x00", " ").strip()[:MAX_QUERY]
    found = search_products(words) if words else Product.objects.none()
    return render(request, "shop/search.html", _list(request, found) | {"q": words})


def _list(request: HttpRequest, found: QuerySet[Product]) -> dict[str, Any]:
    """Return the context of a list: its form, its page, its cards."""
    form = ListForm(request.GET)
    page = Paginator(form.apply(found), PER_PAGE).get_page(request.GET.get("halaman"))
    return {
        "place": "list",
        "menu_on_phones": True,
        "form": form,
        "page": page,
        "numbers": page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1),
        "gap": page.paginator.ELLIPSIS,
        "cards": cards(page.object_list),
        "chips": active_chips(form, request.GET),
    }
