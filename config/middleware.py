"""Middleware of every request: the database guard outside everything, the request id, the security headers."""

from __future__ import annotations

import logging
import re
import secrets
import sys
from collections.abc import Callable
from itertools import chain
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.signals import got_request_exception
from django.db import connection
from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter

from config.database import DatabaseConnectionError, Trouble, trouble_of
from config.deadline import deadline
from config.logging import request_id
from config.unavailable import static_page, unavailable

logger = logging.getLogger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponse]

_TROUBLE = "_database_trouble"
_ID = re.compile(r"^[A-Za-z0-9-]{8,64}$")


class DatabaseSafetyMiddleware:
    """Outermost: sets the request's deadline, and turns a database that is away, slow or full into a 503.

    Wherever it shows: in a view (``process_exception``), in another middleware or an error page (Django makes a 500 of
    that before it gets here; ``got_request_exception`` tells why), or in the first part of a streamed answer.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        static_page()
        static_page("500.html")
        got_request_exception.connect(_note_trouble, dispatch_uid="config.middleware.note_trouble")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with deadline(settings.REQUEST_DEADLINE_S):
            try:
                response = self.get_response(request)
                _begin(response)
            except Exception as error:
                answer = self.process_exception(request, error)
                if answer is None:
                    raise
                return answer
        trouble: Trouble | None = getattr(request, _TROUBLE, None)
        if trouble is not None and response.status_code == 500:
            _log(request, trouble)
            return _dressed_as(response, unavailable(request))
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer for database trouble raised by a view; anything else goes on to Django."""
        trouble = trouble_of(error)
        if trouble is None:
            return None
        _let_go(error, trouble)
        _log(request, trouble)
        return unavailable(request)


class _NoReport(ExceptionReporter):
    """Takes the place of Django's debug page, which would evaluate querysets while the database is away."""

    def get_traceback_html(self) -> SafeString:
        return SafeString()

    def get_traceback_text(self) -> SafeString:
        return SafeString()


def _note_trouble(sender: object, request: HttpRequest | None = None, **kwargs: object) -> None:
    """Remember on the request that what becomes a 500 now is the database's trouble."""
    error = sys.exc_info()[1]
    trouble = trouble_of(error)
    if request is None or error is None or trouble is None:
        return
    _let_go(error, trouble)
    setattr(request, _TROUBLE, trouble)
    request.exception_reporter_class = _NoReport


def _let_go(error: BaseException, trouble: Trouble) -> None:
    """Close a connection that is gone, or whatever the request does next fails as well."""
    if trouble.loses_the_connection and not isinstance(error, DatabaseConnectionError):  # its raiser has closed it
        connection.close()


def _log(request: HttpRequest, trouble: Trouble) -> None:
    logger.error("database.unavailable", extra={"trouble": trouble.value, "path": request.path})


def _dressed_as(before: HttpResponse, answer: HttpResponse) -> HttpResponse:
    """Give ``answer`` the headers that the middleware in between put on the answer it replaces."""
    for name, value in before.items():
        if not name.lower().startswith("content-") or name.lower() == "content-security-policy":
            answer.setdefault(name, value)
    return answer


def _begin(response: Any) -> None:
    """Produce the first part of a streamed answer now, while it can still become a 503. Files need no database."""
    if not response.streaming or isinstance(response, FileResponse):
        return
    parts = iter(response.streaming_content)
    first = next(parts, b"")
    response.streaming_content = chain([first], parts)


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
