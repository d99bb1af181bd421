"""The 503 of a database that is away. It needs no database, session, template engine or context processor."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from config.database import RETRY_AFTER_S

WORDS: Final = "Sistem sedang mengalami gangguan"


def wants_json(request: HttpRequest) -> bool:
    """Say whether the caller is a program rather than a browser: by the route, else by what it sends and accepts."""
    if request.path.startswith("/api/") or request.path in {"/api", "/readyz", "/healthz"}:
        return True
    accepted = request.headers.get("Accept", "")
    return request.content_type == "application/json" or ("json" in accepted and "text/html" not in accepted)


def unavailable(request: HttpRequest) -> HttpResponse:
    """Return the answer: a problem for a program, the static page for a person."""
    response: HttpResponse
    if wants_json(request):
        response = JsonResponse(
            {
                "type": "about:blank",
                "title": "Service Unavailable",
                "status": 503,
                "detail": WORDS,
                "error": WORDS,
                "retryAfter": RETRY_AFTER_S,
            },
            status=503,
            content_type="application/problem+json",
        )
    else:
        response = HttpResponse(static_page(), status=503)
    response["Retry-After"] = str(RETRY_AFTER_S)
    response["Cache-Control"] = "no-store"
    return response


@cache
def static_page(name: str = "503.html") -> bytes:
    """Return the page, read once; the middleware reads it at the start, for a disk may fail as well.

    It is no template: only the shop's telephone number is put in.
    """
    page = (Path(settings.TEMPLATES[0]["DIRS"][0]) / name).read_text(encoding="utf-8")
    number = settings.WHATSAPP_NUMBER
    local = f"0{number[2:]}" if number.startswith("62") else f"+{number}"
    shown = "-".join(part for part in (local[:4], local[4:8], local[8:]) if part)
    return page.replace("[[whatsapp]]", number).replace("[[whatsapp-local]]", shown).encode()
