"""Answers that pages of orders and payments share."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from config.errors import ShopClosedError
from shop.views.answers import SeeOther

__all__ = ["Detour", "SeeOther", "closed_page", "make_private", "private_page"]

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


class Detour(Exception):  # noqa: N818 - not an error: the visitor belongs on another page
    """Ends a view with another answer; ``private_page`` gives it."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__(response.status_code)
        self.response = response


def private_page(view: View[P]) -> View[P]:
    """Mark a page as one visitor's: stored nowhere, found by no search engine, its address told to nobody.

    The referrer stays within the site (not ``no-referrer``: browsers would then send ``Origin: null`` with forms, and
    the CSRF check refuse them). Also gives the answer of a Detour, and 503 while the shop is closed.
    """

    @wraps(view)
    def marked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except Detour as detour:
            response = detour.response
        except ShopClosedError as error:
            response = closed_page(request, error)
        return make_private(response)

    return marked


def make_private(response: HttpResponse) -> HttpResponse:
    """Set the headers of ``private_page`` where the answer has none of its own."""
    if not response.has_header("Cache-Control"):
        add_never_cache_headers(response)
    response.setdefault("Referrer-Policy", "same-origin")
    response.setdefault("X-Robots-Tag", "noindex, nofollow")
    return response


def closed_page(request: HttpRequest, error: ShopClosedError) -> HttpResponse:
    """Return the 503 that says that the shop takes no orders just now."""
    context = {"reason": error.context.get("reason", "")}
    response = render(request, "errors/closed.html", context, status=error.status)
    response["Retry-After"] = str(error.extra()["retryAfter"])
    return response
