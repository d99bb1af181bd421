"""The pages for what went wrong. 500 and 503 need no database, session or context."""

from __future__ import annotations

import math
import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from config.database import trouble_of
from config.problems import problem
from config.unavailable import static_page, unavailable, wants_json


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: the browser sent something that makes no sense."""
    if wants_json(request):
        return problem(400, "Permintaan tidak dapat dibaca.")
    return render(request, "errors/400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: not allowed."""
    if wants_json(request):
        return problem(403, "Kamu tidak berhak melakukan ini.")
    return render(request, "errors/403.html", status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form that came without its token: usually cookies are off, or the page was open too long."""
    if wants_json(request):
        return problem(403, "Token CSRF tidak ada atau salah.")
    return render(request, "errors/403.html", {"csrf": True}, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: no such page."""
    if wants_json(request):
        return problem(404, "Alamat ini tidak ada.")
    return render(request, "errors/404.html", status=404)


def too_many_requests(request: HttpRequest, wait: int) -> HttpResponse:
    """429: the same thing was asked for too often; ``wait`` says after how many seconds it may be tried again."""
    response = render(request, "errors/429.html", {"minutes": math.ceil(wait / 60)}, status=429)
    response["Retry-After"] = str(wait)
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 when it was the database: middleware that fails outside a view ends up here."""
    if trouble_of(sys.exc_info()[1]) is not None:
        return unavailable(request)
    if wants_json(request):
        return problem(500, "Terjadi kesalahan di pihak kami.")
    return HttpResponse(static_page("500.html"), status=500)
