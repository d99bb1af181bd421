"""The base of every API view, and the two views that answer where no other does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, TypeVar, cast

from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import SAFE_METHODS, AllowAny
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from config.api.pagination import NewestFirst
from config.api.serializers import shape
from config.problems import problem
from config.throttling import ScopedThrottle

Input = TypeVar("Input", bound="Serializer[Any]")


class JsonAlways(DefaultContentNegotiation):
    """Answers JSON whatever ``Accept`` says: an error that cannot be shown helps nobody."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """Return the first renderer."""
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


class LengthRequiredError(APIException):
    """A body was sent in chunks, without saying how long it is."""

    status_code = 411
    default_code = "length_required"
    shown = "Kirim isi dengan header Content-Length."


class ProblemsInJson(APIView):
    """For the views whose answers are not JSON (the schema, its page): what they refuse is a problem all the same."""

    http_method_names = ["get", "head"]
    metadata_class = None

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Render a refusal as JSON, whatever was negotiated: YAML or a template cannot show a problem."""
        if getattr(response, "exception", False):
            request.accepted_renderer = JSONRenderer()
            request.accepted_media_type = JSONRenderer.media_type
        return super().finalize_response(request, response, *args, **kwargs)


class ApiView(GenericAPIView[Any]):
    """For signed-in callers, never kept by a cache. Reads are throttled together, writes by ``write_scope``."""

    content_negotiation_class = JsonAlways
    metadata_class = None
    http_method_names = ["get", "post", "head"]
    throttle_classes = (ScopedThrottle,)
    write_scope: ClassVar[str] = ""
    pagination_class: type[NewestFirst] = NewestFirst
    cache_control: ClassVar[str] = "private, no-store"
    rate_limit: dict[str, str] | None = None

    @property
    def throttle_scope(self) -> str:
        """What the throttle counts this request under."""
        return "catalogue" if self.request.method in SAFE_METHODS else self.write_scope

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse a body without a length: Django would read it as no body at all."""
        super().initial(request, *args, **kwargs)
        if "Transfer-Encoding" in request.headers and not request.headers.get("Content-Length"):
            raise LengthRequiredError

    def read(self, serializer: type[Input], request: Request) -> dict[str, Any]:
        """Return the validated body. Raises ValidationError."""
        if request.data is None:  # the body ``null``, which DRF answers in English
            raise ValidationError({api_settings.NON_FIELD_ERRORS_KEY: [shape(serializer).error_messages["null"]]})
        return cast("dict[str, Any]", shape(serializer).run_validation(request.data))

    def page(self, rows: Any, serializer: type[Serializer[Any]]) -> Response:
        """Answer one page of ``rows``."""
        shown = self.paginate_queryset(rows)
        return self.get_paginated_response(serializer(shown, many=True, context={"request": self.request}).data)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Add what every answer carries, refusals included."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response.setdefault("Cache-Control", self.cache_control)
        for name, value in (self.rate_limit or {}).items():
            response[name] = value
        return response


class PublicApiView(ApiView):
    """For anybody: no credentials are read, and a cache may keep the answer as long as it asks again every time."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    cache_control = "public, no-cache"


@csrf_exempt
def any_other(request: HttpRequest, path: str = "") -> HttpResponseBase:
    """Answer a route that was written with a slash at its end like the one without; everything else is a 404.

    No redirect: it would lose the body of a POST. CSRF is the business of the API's own views.
    """
    if path.endswith("/"):
        try:
            found = resolve(f"/api/{path[:-1]}")
        except Resolver404:
            found = None
        if found is not None and found.func is not any_other and getattr(found.func, "csrf_exempt", False):
            request.resolver_match = found
            answer = found.func(request, *found.args, **found.kwargs)
            assert isinstance(answer, HttpResponseBase)
            return answer
    return problem(404, "Alamat ini tidak ada.", code="not_found")
