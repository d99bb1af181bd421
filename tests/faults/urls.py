"""The site's routes and a few that fail where ordinary views do not."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.urls import path

from config.urls import handler400, handler403, handler404, handler500
from config.urls import urlpatterns as site
from shop.models import Category

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


def _names(request: HttpRequest) -> Iterator[str]:
    yield from Category.objects.values_list("name", flat=True)


def streamed(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(_names(request))


def late(request: HttpRequest) -> TemplateResponse:
    """Ask the database only while the answer is rendered, after the view."""
    template = engines["django"].from_string("{% for c in categories %}{{ c.name }}{% endfor %}")
    return TemplateResponse(request, template, {"categories": Category.objects.all()})


def missing(request: HttpRequest) -> HttpResponse:
    raise Http404


def still(request: HttpRequest) -> HttpResponse:
    """Ask nobody."""
    return HttpResponse("still")


urlpatterns = [
    path("faults/streamed", streamed),
    path("faults/late", late),
    path("faults/missing", missing),
    path("faults/still", still),
    *site,
]
