"""Lists of products: one category, everything, and what a search finds. All of them filter, sort and turn pages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from shop.chips import active_chips
from shop.facts import CategoryFacts, Found, card_facts, category_facts
from shop.forms.catalogue import ListForm, wanted_by
from shop.models import Category
from shop.remembered import show
from shop.selectors import Wanted
from shop.showcase import cards, menu

PER_PAGE = 24
MAX_QUERY = 100


@require_safe
def category(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one category."""
    categories = category_facts()
    chosen = next((category for category in categories if category.slug == slug), None)
    if chosen is None:
        raise Http404
    found = Found(replace(_wanted(request), category_id=chosen.pk))
    return _list(request, "shop/category.html", found, categories, chosen)


@require_safe
def products(request: HttpRequest) -> HttpResponse:
    """Show everything that is for sale."""
    return _list(request, "shop/products.html", Found(_wanted(request)), category_facts())


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Show what holds every word of ``q``; without words, only where to look."""
    words = request.GET.get("q", "").replace("\x00", " ").strip()[:MAX_QUERY]
    found = Found(replace(_wanted(request), words=words) if words else None)
    return _list(request, "shop/search.html", found, category_facts(), words=words)


def _wanted(request: HttpRequest) -> Wanted:
    return wanted_by(request.META.get("QUERY_STRING", ""))


def _list(
    request: HttpRequest,
    template: str,
    found: Found,
    categories: tuple[CategoryFacts, ...],
    chosen: CategoryFacts | None = None,
    words: str = "",
) -> HttpResponse:
    """Answer with a list: its form, its page, its cards."""
    page = Paginator(range(found.count()), PER_PAGE).get_page(request.GET.get("halaman"))
    shown = card_facts(found.ids((page.number - 1) * PER_PAGE, PER_PAGE))

    def context() -> dict[str, Any]:
        form = ListForm(request.GET)
        return {
            "place": "list",
            "menu_on_phones": True,
            "menu_categories": menu(categories),
            "current_category": Category(**chosen._asdict()) if chosen else None,
            "q": words,
            "form": form,
            "page": page,
            "numbers": page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1),
            "gap": page.paginator.ELLIPSIS,
            "cards": cards(shown),
            "chips": active_chips(form, request.GET),
        }

    return show(request, template, facts=(categories, page.paginator.count, shown), context=context)
