"""The front page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from shop.selectors import products_for_sale
from shop.showcase import cards, shelves

NEWEST = 8


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show the shelves, what came in last, and how the shop works."""
    racks = shelves()
    newest = products_for_sale().order_by("-created_at", "-pk")[:NEWEST]
    context = {
        "place": "home",
        "menu_on_phones": True,
        "menu_categories": [shelf.category for shelf in racks],
        "shelves": racks,
        "flower": [shelf for shelf in racks if shelf.newest][:4],
        "band": racks[0].newest[1:3] if racks else (),
        "newest": cards(newest),
    }
    return render(request, "shop/home.html", context)
