"""RFC 9457 answers for the API, and a JSON parser that takes nothing for granted."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse
from rest_framework import exceptions
from rest_framework.parsers import JSONParser
from rest_framework.response import Response

from config.database import DatabaseConnectionError
from config.errors import ShopError

logger = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"
MAX_DEPTH = 12


def problem_body(status: int, detail: str, **extra: Any) -> dict[str, Any]:
    """Return the members of a problem; ``error`` repeats ``detail``, as the report's clients expect."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "error": detail,
    } | extra


def problem(status: int, detail: str, **extra: Any) -> JsonResponse:
    """Return a problem as a plain Django response."""
    return JsonResponse(problem_body(status, detail, **extra), status=status, content_type=PROBLEM_JSON)


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: every error a client can cause becomes a problem; a bug stays a 500."""
    headers: dict[str, str] = {}
    if isinstance(error, ShopError):
        logger.info("api.refused", extra={"code": error.code, **{f"ctx_{k}": v for k, v in error.context.items()}})
        extra = {"code": error.code} | error.extra()
        if "retryAfter" in extra:
            headers["Retry-After"] = str(extra["retryAfter"])
        return _answer(error.status, error.text, extra, headers)
    if isinstance(error, Http404 | exceptions.NotFound):
        return _answer(404, "Data tidak ditemukan.", {"code": "not_found"}, headers)
    if isinstance(error, PermissionDenied | exceptions.PermissionDenied):
        return _answer(403, "Kamu tidak berhak melakukan ini.", {"code": "forbidden"}, headers)
    if isinstance(error, exceptions.ValidationError):
        errors = list(_field_errors(error.detail))
        detail = errors[0]["detail"] if len(errors) == 1 else "Ada isian yang perlu diperbaiki."
        return _answer(400, detail, {"code": "invalid_input", "errors": errors}, headers)
    if isinstance(error, exceptions.APIException):
        return _api_exception(error, headers)
    if isinstance(error, DatabaseConnectionError):
        return None
    return None


def _api_exception(error: exceptions.APIException, headers: dict[str, str]) -> Response:
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    extra: dict[str, Any] = {"code": str(error.default_code)}
    if isinstance(error, exceptions.Throttled):
        wait = max(1, int(error.wait or 1))
        headers["Retry-After"] = str(wait)
        extra["retryAfter"] = wait
        return _answer(429, "Terlalu banyak permintaan. Coba lagi sebentar.", extra, headers)
    words = {
        400: "Permintaan tidak dapat dibaca.",
        401: "Masuk dulu, atau kirim token yang berlaku.",
        405: "Metode ini tidak didukung di alamat tersebut.",
        406: "Jawaban hanya tersedia sebagai JSON.",
        415: "Kirim isi sebagai application/json.",
    }
    detail = words.get(error.status_code, str(error.detail))
    return _answer(error.status_code, detail, extra, headers)


def _answer(status: int, detail: str, extra: dict[str, Any], headers: dict[str, str]) -> Response:
    return Response(problem_body(status, detail, **extra), status=status, headers=headers, content_type=PROBLEM_JSON)


def _field_errors(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Flatten DRF's nested errors to ``items[0].quantity`` style fields."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            name = "" if key == "non_field_errors" else str(key)
            yield from _field_errors(value, f"{path}.{name}".strip(".") if name else path)
    elif isinstance(detail, list) and any(isinstance(part, dict | list) for part in detail):
        for index, part in enumerate(detail):
            yield from _field_errors(part, f"{path}[{index}]")
    elif isinstance(detail, list):
        for part in detail:
            yield {"field": path, "detail": str(part)}
    else:
        yield {"field": path, "detail": str(detail)}


class StrictJSONParser(JSONParser):
    """JSON with no duplicate keys, no NaN, no NUL bytes, no bottomless nesting; anything else is a 400."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Return the parsed body. Raises ParseError."""
        try:
            return strict_json(stream.read())
        except ValueError as error:
            raise exceptions.ParseError(str(error)) from error


def strict_json(body: bytes) -> Any:
    """Parse a JSON body strictly. Numbers with a fraction become Decimal. Raises ValueError."""
    try:
        text = body.decode("utf-8")
        if "\\u0000" in text or "\x00" in text:
            raise ValueError("NUL bytes are not allowed.")
        value = json.loads(
            text,
            object_pairs_hook=_no_duplicates,
            parse_constant=_no_constant,
            parse_float=Decimal,
            parse_int=_bounded_int,
        )
    except RecursionError:
        raise ValueError("The body is nested too deeply.") from None
    _check_depth(value)
    return value


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("A key occurs twice.")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number.")


def _bounded_int(digits: str) -> int:
    if len(digits) > 20:
        raise ValueError("A number is too long.")
    return int(digits)


def _check_depth(value: Any, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise ValueError("The body is nested too deeply.")
    if isinstance(value, dict):
        for part in value.values():
            _check_depth(part, depth + 1)
    elif isinstance(value, list):
        for part in value:
            _check_depth(part, depth + 1)
    elif isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ValueError("A text holds half of a character.")
