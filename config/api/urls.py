"""The last routes under ``/api/``: the schema, its pages, and the 404 in JSON. Include it after every app's routes."""

from __future__ import annotations

from django.urls import path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from config.api.views import ProblemsInJson, any_other
from config.throttling import ScopedThrottle


class SchemaView(ProblemsInJson, SpectacularAPIView):
    """The OpenAPI schema; it takes some work to write, so it is throttled."""

    authentication_classes = ()
    throttle_classes = (ScopedThrottle,)
    throttle_scope = "catalogue"


class DocsView(ProblemsInJson, SpectacularSwaggerView):
    """The schema as a page to read and to try."""

    authentication_classes = ()
    url_name = "api_schema"


urlpatterns = [
    path("schema", SchemaView.as_view(), name="api_schema"),
    path("docs", DocsView.as_view(), name="api_docs"),
    re_path(r"^(?P<path>(?s:.*))$", any_other),  # line breaks too
]
