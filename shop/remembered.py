"""Catalogue pages that are rendered once and served again while everything they show stays the same.

Nothing here expires, and nobody has to tell it about a change. A page is a pure function of what was read from the
database for this very request, of the address, of the theme and of the number on the cart; the template sees nothing
else of the visitor: no request, no session, no user. All of that together is the key, so a price or a stock that
changed is another key, on the next request and in every process. The one hole is the form token: a random text stands
in its place, and each answer gets a token of its own.

The pages stay in this process, not in the cache that processes share: a page then never outlives the release whose
templates made it, and no other program can put one in.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone

from shop.context_processors import site, theme
from shop.selectors import cart_units

MOST_BYTES = 16 * 1024 * 1024
_HOLE = secrets.token_hex(32)

Parts = tuple[bytes, ...]


@dataclass(frozen=True)
class Address:
    """What a template may ask of ``request`` on these pages."""

    path: str
    get_full_path: str
    GET: QueryDict


class _Pages:
    """The pages rendered last, as the parts around their form tokens; the longest unasked go first."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pages: OrderedDict[Hashable, Parts] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable) -> Parts | None:
        with self._lock:
            if (parts := self._pages.get(key)) is not None:
                self._pages.move_to_end(key)
            return parts

    def put(self, key: Hashable, parts: Parts) -> None:
        with self._lock:
            self._bytes += _size(parts) - _size(self._pages.pop(key, ()))
            self._pages[key] = parts
            while self._bytes > MOST_BYTES:
                self._bytes -= _size(self._pages.popitem(last=False)[1])


def _size(parts: Parts) -> int:
    return sum(map(len, parts))


_pages = _Pages()


def show(
    request: HttpRequest,
    template: str,
    *,
    facts: Hashable,
    context: Callable[[], dict[str, Any]],
) -> HttpResponse:
    """Answer with ``template``. ``context`` must depend on ``facts`` and on the address alone.

    While messages wait for the visitor the page is rendered for him only, and under DEBUG always.
    """
    if settings.DEBUG or len(get_messages(request)):
        return render(request, template, context())
    shared = site() | {"theme": theme(request), "cart_units": cart_units(request)}
    key = (template, request.get_full_path(), timezone.localdate().year, tuple(shared.values()), facts)
    parts = _pages.get(key)
    if parts is None:
        address = Address(request.path, request.get_full_path(), request.GET)
        page = render_to_string(template, shared | {"request": address, "csrf_token": _HOLE} | context())
        parts = tuple(part.encode() for part in page.split(_HOLE))
        _pages.put(key, parts)
    return HttpResponse(get_token(request).encode().join(parts))
