"""While DEBUG is on: the shop's own 404 page with a note for the developer, instead of Django's English one."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import get_resolver

GetResponse = Callable[[HttpRequest], HttpResponse]


class NotFoundMiddleware:
    """Innermost, and only in settings with DEBUG on: whoever develops sees the page that customers will see."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if settings.DEBUG and response.status_code == 404 and request.resolver_match is None:
            return _page(request, Http404(), f"Tidak ada rute untuk {request.path}")
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer for a view that found nothing; anything else goes on to Django."""
        if not settings.DEBUG or not isinstance(error, Http404):
            return None
        match = request.resolver_match
        return _page(request, error, f"{match.view_name if match else request.path}: {str(error) or 'Http404'}")


def _page(request: HttpRequest, error: Http404, note: str) -> HttpResponse:
    """Return what handler404 answers, with the note for its template."""
    request.debug_note = note  # type: ignore[attr-defined]
    handler: Callable[..., HttpResponse] = get_resolver().resolve_error_handler(404)
    return handler(request, exception=error)
