"""The words that all operations of the OpenAPI schema share: problems, credentials."""

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
            "name": "sessionid",
            "description": "The site's own session. Writes also need the header `X-CSRFToken`.",
        }
