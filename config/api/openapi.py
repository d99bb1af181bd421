"""The words that all operations of the OpenAPI schema share: problems, headers, credentials."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework import serializers

from config.problems import PROBLEM_JSON, problem_body

_WHEN = {
    400: "The input is wrong; `errors` names the fields.",
    401: "No credentials, or none that are valid.",
    403: "A session without its CSRF token.",
    404: "There is no such thing, or it is somebody else's.",
    409: "The state of things does not allow it.",
    413: "The body is longer than 64 KiB.",
    415: "The body is not `application/json`.",
    422: "The idempotency key was used for another request.",
    429: "Too many; `Retry-After` says when to try again.",
    503: "Not just now; `Retry-After` says when to try again.",
}
_SECONDS = {"type": "integer", "minimum": 0}
_HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": {
        "description": "Names this request in the shop's logs: quote it when something went wrong.",
        "schema": {"type": "string"},
    },
    "RateLimit-Limit": {"description": "How many requests of this kind are taken.", "schema": {"type": "integer"}},
    "RateLimit-Remaining": {"description": "How many are left just now.", "schema": {"type": "integer", "minimum": 0}},
    "RateLimit-Reset": {"description": "Seconds until more are taken.", "schema": _SECONDS},
    "Retry-After": {"description": "Seconds after which to try again.", "schema": _SECONDS},
}
_COUNTED = [name for name in _HEADERS if name.startswith("RateLimit-")]
_TELLS_WHEN = {"429", "503"}


class FieldErrorSerializer(serializers.Serializer[Any]):
    """One field that is wrong."""

    field = serializers.CharField(help_text="As it was sent: `items[0].quantity`; empty for the body as a whole.")
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """RFC 9457; `error` repeats `detail`. Some problems have further members."""

    type = serializers.CharField(default="about:blank")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="Bahasa Indonesia, fit for a customer.")
    error = serializers.CharField()
    code = serializers.CharField(required=False, help_text="Stable, for programs.")
    errors = FieldErrorSerializer(many=True, required=False)  # type: ignore[assignment] # a field, here
    retryAfter = serializers.IntegerField(required=False, help_text="Seconds.")  # noqa: N815 - as it travels


def problem_example(name: str, status: int, detail: str, **extra: Any) -> OpenApiExample:
    """Return an example of a problem as it travels."""
    return OpenApiExample(
        name,
        value=problem_body(status, detail, **extra),
        media_type=PROBLEM_JSON,
        status_codes=[str(status)],
        response_only=True,
    )


def problems(*statuses: int) -> dict[tuple[int, str], OpenApiResponse]:
    """Return the error answers of an operation, for ``extend_schema(responses=...)``."""
    return {
        (status, PROBLEM_JSON): OpenApiResponse(ProblemSerializer, description=_WHEN[status])
        for status in sorted({*statuses, 429, 503})
    }


def refuse_unknown_fields(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Say in the schema that a field which an input does not have is an error. A hook of drf-spectacular."""
    schemas = result.get("components", {}).get("schemas", {})
    waiting = [
        content["schema"]
        for path in result["paths"].values()
        for operation in path.values()
        for content in operation.get("requestBody", {}).get("content", {}).values()
    ]
    while waiting:
        schema = waiting.pop()
        if "$ref" in schema:
            schema = schemas[schema["$ref"].rpartition("/")[2]]
        if schema.get("type") == "object" and "additionalProperties" not in schema:
            schema["additionalProperties"] = False
        waiting += [part for part in schema.get("properties", {}).values() if isinstance(part, dict)]
        waiting += [schema["items"]] if "items" in schema else []
    return result


def name_headers(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Name the headers that every operation answers with. A hook of drf-spectacular; a view names its own ones.

    Who may not come in is refused before requests are counted, and a database that is away is told by a middleware:
    such answers say nothing of limits.
    """
    result["components"]["headers"] = _HEADERS
    for path in result["paths"].values():
        for operation in path.values():
            before_counting = {"503"} | ({"401", "403"} if any(operation.get("security", [])) else set())
            for status, answer in operation["responses"].items():
                names = ["X-Request-ID", *([] if status in before_counting else _COUNTED)]
                names += ["Retry-After"] if status in _TELLS_WHEN else []
                answer.setdefault("headers", {}).update(
                    {name: {"$ref": f"#/components/headers/{name}"} for name in names}
                )
    return result


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # its own hook
    """How a token is sent."""

    target_class = "shop.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "From `POST /api/auth/token`."}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # its own hook
    """The site's own session; writes need the CSRF token as well."""

    target_class = "shop.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-session",
            "description": (
                "The site's own session. Writes also need the cookie `__Host-csrf` and its token in the header "
                "`X-CSRFToken`. On a developer's machine the cookies are `sessionid` and `csrftoken`."
            ),
        }
