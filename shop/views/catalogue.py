"""Lists of products: one category, and everything that is for sale. They filter, sort and turn pages."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from shop.chips import active_chips
from shop.facts import CategoryFacts, card_facts, category_facts, current_category_slug
from shop.forms.catalogue import ListForm, wanted_by
from shop.linked_data import crumbs, linked
from shop.lists import Found
from shop.models import Category
from shop.remembered import show
from shop.showcase import cards, menu
from shop.views.answers import moved

PER_PAGE = 24


@require_safe
def category(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one category; an address that it once had leads to the one it has now."""
    categories = category_facts()
    chosen = next((category for category in categories if category.slug == slug), None)
    if chosen is None:
        return moved(request, "shop:category", current_category_slug(slug))
    wanted = wanted_by(ListForm, request.META.get("QUERY_STRING", ""))
    found = Found(replace(wanted, category_id=chosen.pk))
    return show_list(request, "shop/category.html", found, categories, chosen, here=(chosen.name, request.path))


@require_safe
def products(request: HttpRequest) -> HttpResponse:
    """Show everything that is for sale."""
    wanted = wanted_by(ListForm, request.META.get("QUERY_STRING", ""))
    return show_list(
        request, "shop/products.html", Found(wanted), category_facts(), here=("Semua barang", request.path)
    )


def show_list(
    request: HttpRequest,
    template: str,
    found: Found,
    categories: tuple[CategoryFacts, ...],
    chosen: CategoryFacts | None = None,
    here: tuple[str, str] | None = None,
    form_class: type[ListForm] = ListForm,
    **more: Hashable,
) -> HttpResponse:
    """Answer with a list: its form, its page, its cards.

    ``here`` is its name and path in the trail; ``more`` goes to the template as it is.
    """
    page = Paginator(range(found.count()), PER_PAGE).get_page(request.GET.get("halaman"))
    shown = card_facts(found.ids((page.number - 1) * PER_PAGE, PER_PAGE))

    def context() -> dict[str, Any]:
        form = form_class(request.GET)
        return {
            **more,
            "place": "list",
            "menu_on_phones": True,
            "menu_categories": menu(categories),
            "current_category": Category(**chosen._asdict()) if chosen else None,
            "form": form,
            "page": page,
            "numbers": page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1),
            "gap": page.paginator.ELLIPSIS,
            "cards": cards(shown),
            "chips": active_chips(form, request.GET),
            "linked": linked(crumbs(here)) if here else None,
            "unfiltered": request.path + (f"?{urlencode({'q': more['q']})}" if "q" in more else ""),
        }

    facts = categories, page.paginator.count, shown, tuple(more.items())
    return show(request, template, facts=facts, context=context)
