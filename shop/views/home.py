"""The front page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from shop.facts import card_facts, shelf_facts
from shop.linked_data import linked, organization, website
from shop.lists import Found, Wanted
from shop.remembered import show
from shop.showcase import cards, shelves

NEWEST = 8


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show the shelves, what came in last, and how the shop works."""
    shelf_rows, pictures = shelf_facts()
    newest = card_facts(Found(Wanted()).ids(0, NEWEST))

    def context() -> dict[str, Any]:
        racks = shelves(shelf_rows, pictures)
        return {
            "place": "home",
            "menu_on_phones": True,
            "menu_categories": [shelf.category for shelf in racks],
            "shelves": racks,
            "flower": [shelf for shelf in racks if shelf.newest][:4],
            "band": racks[0].newest[1:3] if racks else (),
            "newest": cards(newest),
            "linked": linked(organization(), website()),
        }

    return show(request, "shop/home.html", facts=(shelf_rows, pictures, newest), context=context)
