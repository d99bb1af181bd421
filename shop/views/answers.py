"""Answers that several pages give."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme


class SeeOther(HttpResponseRedirect):
    """303: after a POST the browser gets the next page with GET, whatever HTTP version it speaks."""

    status_code = 303


def see_other(to: str) -> SeeOther:
    """Send the browser to a route or an address of this site."""
    return SeeOther(resolve_url(to))


def wanted_next(request: HttpRequest, default: str) -> str:
    """Return the address in ``next`` if it is one of this site, else ``default`` (a route or an address)."""
    url = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return url if ours else resolve_url(default)
