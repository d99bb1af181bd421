"""The search: what was typed, else what may have been meant, else where to look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from config.database import with_database_safety
from shop.facts import category_facts
from shop.finding import Reading, mend, proposals, read
from shop.forms.catalogue import SearchForm, wanted_by
from shop.lists import Found, Wanted
from shop.views.catalogue import show_list

MAX_QUERY = 100

T = TypeVar("T")


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Show what has every word of ``q``, or words like them; without words, only where to look."""
    typed = request.GET.get("q", "").replace("\x00", " ").strip()[:MAX_QUERY]
    wanted = wanted_by(SearchForm, request.META.get("QUERY_STRING", ""))
    reading = read(typed)
    found = Found(replace(wanted, query=reading.query) if reading.query else None)
    mended: Reading | None = None
    hints: tuple[str, ...] = ()
    if reading.query and not found.count() and not _filters_are_why(wanted, reading):
        mended = _if_possible(lambda: mend(typed), mended)
        if mended is not None and Found(Wanted(query=mended.query)).count():
            found = Found(replace(wanted, query=mended.query))
        else:
            mended, hints = None, _if_possible(lambda: proposals(typed), hints)
    return show_list(
        request,
        "shop/search.html",
        found,
        category_facts(),
        form_class=SearchForm,
        q=typed,
        mended=mended.words if mended else "",
        hints=hints,
    )


def _filters_are_why(wanted: Wanted, reading: Reading) -> bool:
    """Say whether the words are found as soon as nothing else is asked for."""
    narrowed = wanted.low is not None or wanted.high is not None or wanted.in_stock
    return narrowed and Found(Wanted(query=reading.query)).count() > 0


def _if_possible(ask: Callable[[], T], otherwise: T) -> T:
    """Return a help that the page can do without."""
    return with_database_safety(ask, timeout=3, retries=0, fallback=otherwise, operation_name="Search help")
