"""Catalogue pages that are rendered once and served again while everything they show stays the same.

Nothing here expires, and nobody has to tell it about a change. A page is a pure function of what was read from the
database for this very request, of the address, of the theme and of the number on the cart; the template sees nothing
else of the visitor: no request, no session, no user. All of that together is the key, so a price or a stock that
changed is another key, on the next request and in every process. The one hole is the form token: a random text stands
in its place, and each answer gets a token of its own.

A browser may keep a page but asks before each use whether it is still the one (``private, no-cache`` and an ETag): a
page that holds a visitor's token is for no shared cache, and a price is never older than the request (ADR 11). The tag
names the content and the secret of the visitor's tokens, so what is kept also holds a token that still counts.

The pages stay in this process, not in the cache that processes share: a page then never outlives the release whose
templates made it, and no other program can put one in.
"""

from __future__ import annotations

import hashlib
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
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.crypto import salted_hmac

from shop.context_processors import site, theme
from shop.packed import accepts_gzip, join_packed, pack
from shop.selectors import cart_units

MOST_BYTES = 16 * 1024 * 1024
_HOLE = secrets.token_hex(32)
_HOLE_MARK = b"<token>"  # in the digest: the same in every process, unlike the hole


@dataclass(frozen=True)
class Address:
    """What a template may ask of ``request`` on these pages."""

    path: str
    get_full_path: str
    GET: QueryDict


class _Page:
    """A rendered page as the parts around its form tokens, plain and packed, and the digest of its content."""

    def __init__(self, text: str) -> None:
        self.parts = tuple(part.encode() for part in text.split(_HOLE))
        self.packed = tuple(map(pack, self.parts))
        self.digest = hashlib.sha256(_HOLE_MARK.join(self.parts)).hexdigest()[:20]
        self.size = sum(map(len, (*self.parts, *self.packed)))


class _Pages:
    """The pages rendered last; the longest unasked go first."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pages: OrderedDict[Hashable, _Page] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable) -> _Page | None:
        with self._lock:
            if (page := self._pages.get(key)) is not None:
                self._pages.move_to_end(key)
            return page

    def put(self, key: Hashable, page: _Page) -> None:
        with self._lock:
            if (before := self._pages.pop(key, None)) is not None:
                self._bytes -= before.size
            self._pages[key] = page
            self._bytes += page.size
            while self._bytes > MOST_BYTES:
                self._bytes -= self._pages.popitem(last=False)[1].size


_pages = _Pages()


def show(
    request: HttpRequest,
    template: str,
    *,
    facts: Hashable,
    context: Callable[[], dict[str, Any]],
) -> HttpResponse:
    """Answer with ``template``. ``context`` must depend on ``facts`` and on the address alone.

    While messages wait for the visitor the page is rendered for him only; under DEBUG nothing is remembered, so that a
    template shows as it was saved last.
    """
    if len(get_messages(request)):
        response = render(request, template, context())
        response["Cache-Control"] = "private, no-store"
        return response
    shared = site() | {"theme": theme(request), "cart_units": cart_units(request)}
    key = (template, request.get_full_path(), timezone.localdate().year, tuple(shared.values()), facts)
    page = None if settings.DEBUG else _pages.get(key)
    if page is None:
        address = Address(request.path, request.get_full_path(), request.GET)
        page = _Page(render_to_string(template, shared | {"request": address, "csrf_token": _HOLE} | context()))
        _pages.put(key, page)
    return _answer(request, page)


def _answer(request: HttpRequest, page: _Page) -> HttpResponse:
    """Fill the holes, packed if the browser wants that; or say that what it has is still right."""
    token = get_token(request).encode()
    secret = salted_hmac("shop.remembered", request.META["CSRF_COOKIE"]).hexdigest()[:12]
    if accepts_gzip(request.headers.get("Accept-Encoding", "")):
        response = HttpResponse(join_packed(page.packed, page.parts, token))
        response["Content-Encoding"] = "gzip"
    else:
        response = HttpResponse(token.join(page.parts))
    response["Cache-Control"] = "private, no-cache"
    # Weak: packed or not it is the same page, and so it is with another mask over the same token.
    etag = f'W/"{page.digest}-{secret}"'
    response["ETag"] = etag
    patch_vary_headers(response, ["Accept-Encoding", "Cookie"])
    found: HttpResponse | None = get_conditional_response(request, etag=etag, response=response)
    return response if found is None else found
