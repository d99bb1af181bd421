"""What search engines may keep."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]

INDEXED = ("/produk/", "/kategori/", "/halaman/", "/static/", "/media/", "/sitemap")


class IndexingMiddleware:
    """Only the catalogue and the information pages are for search engines: everything else, also what is yet to come,
    says ``X-Robots-Tag: noindex``, and so does every refusal."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        indexed = request.path in {"/", "/robots.txt", "/favicon.ico"} or request.path.startswith(INDEXED)
        if not indexed or response.status_code >= 400:
            response.setdefault("X-Robots-Tag", "noindex")
        return response
