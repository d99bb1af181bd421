"""Middleware of every request: the database guard outside everything, the request id, the security headers."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from config.database import DatabaseConnectionError, Trouble, classify
from config.logging import request_id

logger = logging.getLogger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponse]

RETRY_AFTER_S = 60
_ID = re.compile(r"^[A-Za-z0-9-]{8,64}$")


def wants_json(request: HttpRequest) -> bool:
    """Say whether the caller is an API client rather than a browser."""
    return request.path.startswith("/api/") or request.path in {"/api", "/readyz", "/healthz"}


def unavailable(request: HttpRequest) -> HttpResponse:
    """Return the 503 that needs nothing: no database, session, template engine or context processor."""
    response: HttpResponse
    if wants_json(request):
        response = JsonResponse(
            {
                "type": "about:blank",
                "title": "Service Unavailable",
                "status": 503,
                "detail": "Sistem sedang mengalami gangguan",
                "error": "Sistem sedang mengalami gangguan",
                "retryAfter": RETRY_AFTER_S,
            },
            status=503,
            content_type="application/problem+json",
        )
    else:
        page = Path(settings.TEMPLATES[0]["DIRS"][0]) / "503.html"
        response = HttpResponse(page.read_bytes(), status=503)
    response["Retry-After"] = str(RETRY_AFTER_S)
    response["Cache-Control"] = "no-store"
    return response


class DatabaseSafetyMiddleware:
    """Outermost: turns any database that is away, slow or full into a 503, wherever in the request it showed."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            response = self.get_response(request)
        except (DatabaseConnectionError, DatabaseError, InterfaceError) as error:
            answer = self.process_exception(request, error)
            if answer is None:
                raise
            return answer
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer for database trouble raised by a view; anything else goes on to Django."""
        if not isinstance(error, DatabaseConnectionError):
            if not isinstance(error, DatabaseError | InterfaceError):
                return None
            trouble = classify(error)
            if trouble is Trouble.OTHER:
                return None
            if trouble is Trouble.CONNECTION:
                connection.close()
            logger.error("database.unavailable", extra={"trouble": trouble.value, "path": request.path})
        else:
            logger.error("database.unavailable", extra={"trouble": "connection", "path": request.path})
        return unavailable(request)


class RequestIdMiddleware:
    """Gives each request an id, takes over a decent one from the proxy, and answers with it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        rid = given if _ID.match(given) else secrets.token_hex(8)
        token = request_id.set(rid)
        try:
            response = self.get_response(request)
        finally:
            request_id.reset(token)
        response["X-Request-ID"] = rid
        return response


class SecurityHeadersMiddleware:
    """Content-Security-Policy and Permissions-Policy. The admin theme needs inline code, the shop's pages need none."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        gateway = urlsplit(settings.MIDTRANS_SNAP_URL)
        # form-action also governs the redirect that follows a form, so the payment page's origin belongs in it.
        common = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
        self.shop = f"{common}; form-action 'self' {gateway.scheme}://{gateway.netloc}"
        self.staff = (
            f"{common}; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline';"
            " form-action 'self'"
        )
        self.docs = f"{common}; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; form-action 'self'"

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith("/admin/"):
            policy = self.staff
        elif request.path.startswith("/api/docs"):
            policy = self.docs
        else:
            policy = self.shop
        response.setdefault("Content-Security-Policy", policy)
        response.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
        return response
