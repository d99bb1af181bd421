"""Answers that several pages give."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponsePermanentRedirect, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

LONGEST_GOAL = 200  # of what travels in a mailed link


class SeeOther(HttpResponseRedirect):
    """303: after a POST the browser gets the next page with GET, whatever HTTP version it speaks."""

    status_code = 303


def see_other(to: str) -> SeeOther:
    """Send the browser to a route or an address of this site."""
    return SeeOther(resolve_url(to))


def wanted_next(request: HttpRequest, default: str) -> str:
    """Return the address in ``next`` if it is one of this site, else ``default`` (a route or an address).

    Only a whole address counts: a bare word would be taken for a route's name, and most words name none.
    """
    url = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return url if ours and url.startswith(("/", "http://", "https://")) else resolve_url(default)


def next_to_mail(request: HttpRequest, default: str) -> str:
    """Return ``wanted_next`` where it is short enough to travel in a mailed link, else ``default``."""
    goal = wanted_next(request, default)
    return goal if len(goal) <= LONGEST_GOAL else resolve_url(default)


def leading_on(route: str, goal: str) -> str:
    """Return the address of ``route`` with ``goal`` as its ``next``, or a plain one where there is no goal."""
    return reverse(route) + (f"?{urlencode({'next': goal})}" if goal else "")


def moved(request: HttpRequest, route: str, slug: str | None) -> HttpResponsePermanentRedirect:
    """Send the browser for ever to where a page is now, with the same wishes. Raises Http404 when ``slug`` is None."""
    if slug is None:
        raise Http404
    query = request.META.get("QUERY_STRING", "")
    return HttpResponsePermanentRedirect(reverse(route, args=[slug]) + (f"?{query}" if query else ""))
