"""RFC 9457 answers for the API, and a JSON parser that takes nothing for granted."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.http import Http404, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from rest_framework import exceptions
from rest_framework.parsers import JSONParser
from rest_framework.response import Response

from config.database import trouble_of
from config.errors import ShopError

logger = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"
MAX_BODY_BYTES = 64 * 1024
MAX_DEPTH = 12
MAX_FIELD_NAME = 60  # of a client's own field names, when an answer repeats them
_UNREADABLE = (SuspiciousOperation, BadRequest, MultiPartParserError, UnreadablePostError)
_WORDS = {
    400: "Permintaan tidak dapat dibaca.",
    401: "Masuk dulu, atau kirim token yang berlaku.",
    403: "Kamu tidak berhak melakukan ini.",
    405: "Metode ini tidak didukung di alamat tersebut.",
    406: "Jawaban hanya tersedia sebagai JSON.",
    413: "Isi permintaan terlalu besar.",
    415: "Kirim isi sebagai application/json.",
    429: "Terlalu banyak permintaan. Coba lagi sebentar.",
    500: "Terjadi kesalahan di pihak kami.",
}


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
    """DRF's exception handler: whatever happened becomes a problem; database trouble is left to the middleware."""
    if isinstance(error, ShopError):
        return _refusal(error)
    if isinstance(error, Http404 | exceptions.NotFound):
        return _answer(404, "Data tidak ditemukan.", {"code": "not_found"})
    if isinstance(error, exceptions.ValidationError):
        errors = list(_field_errors(error.detail))
        detail = errors[0]["detail"] if len(errors) == 1 else "Ada isian yang perlu diperbaiki."
        return _answer(400, detail, {"code": "invalid_input", "errors": errors})
    if isinstance(error, exceptions.APIException):
        return _api_exception(error)
    if isinstance(error, PermissionDenied):
        return _answer(403, _WORDS[403], {"code": "permission_denied"})
    if isinstance(error, RequestDataTooBig):
        return _answer(413, _WORDS[413], {"code": BodyTooLargeError.default_code})
    if isinstance(error, _UNREADABLE):
        return _answer(400, _WORDS[400], {"code": "parse_error"})
    if trouble_of(error) is not None:
        return None
    return _bug(error, context)


def _refusal(error: ShopError) -> Response:
    logger.info("api.refused", extra={"code": error.code, **{f"ctx_{k}": v for k, v in error.context.items()}})
    extra = {"code": error.code} | error.extra()
    headers = {"Retry-After": str(extra["retryAfter"])} if "retryAfter" in extra else {}
    return _answer(error.status, error.text, extra, headers)


def _api_exception(error: exceptions.APIException) -> Response:
    extra: dict[str, Any] = {"code": str(error.default_code)}
    headers: dict[str, str] = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if isinstance(error, exceptions.Throttled):
        wait = max(1, int(getattr(error, "wait", None) or 1))
        headers["Retry-After"] = str(wait)
        extra["retryAfter"] = wait
    shown = getattr(error, "shown", None) or _WORDS.get(error.status_code) or str(error.detail)
    return _answer(error.status_code, shown, extra, headers)


def _bug(error: Exception, context: dict[str, Any]) -> Response:
    """Answer 500 without a word about the cause, log it, and tell whoever listens (the test client raises it)."""
    request = context.get("request")
    logger.error("api.bug", extra={"path": getattr(request, "path", "")}, exc_info=error)
    got_request_exception.send(sender=None, request=request)
    return _answer(500, _WORDS[500], {"code": "server_error"})


def _answer(status: int, detail: str, extra: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(problem_body(status, detail, **extra), status=status, headers=headers, content_type=PROBLEM_JSON)


def _field_errors(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Flatten DRF's nested errors to ``items[0].quantity`` style fields."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            if isinstance(key, int):  # a position in a list
                yield from _field_errors(value, f"{path}[{key}]")
                continue
            name = "" if key == "non_field_errors" else str(key)[:MAX_FIELD_NAME]
            yield from _field_errors(value, f"{path}.{name}".strip(".") if name else path)
    elif isinstance(detail, list) and any(isinstance(part, dict | list) for part in detail):
        for index, part in enumerate(detail):
            yield from _field_errors(part, f"{path}[{index}]")
    elif isinstance(detail, list):
        for part in detail:
            yield {"field": path, "detail": str(part)}
    else:
        yield {"field": path, "detail": str(detail)}


class BodyTooLargeError(exceptions.APIException):
    """The body is longer than any honest request."""

    status_code = 413
    default_code = "body_too_large"


class StrictJSONParser(JSONParser):
    """JSON with no duplicate keys, no NaN, no NUL bytes, no bottomless nesting; anything else is a 400."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Return the parsed body. Raises ParseError, ValidationError when a field can be named, BodyTooLargeError."""
        body = stream.read(MAX_BODY_BYTES + 1)
        if len(body) > MAX_BODY_BYTES:
            raise BodyTooLargeError
        try:
            return strict_json(body)
        except BadValueError as error:
            raise exceptions.ValidationError({error.field: [error.shown]}) from error
        except ValueError as error:
            raise exceptions.ParseError(str(error)) from error


class BadValueError(ValueError):
    """A part of a JSON text that nothing accepts. ``field`` says where it stands, ``shown`` is for a person."""

    def __init__(self, field: str, shown: str) -> None:
        self.field = field
        self.shown = shown
        super().__init__(f"{field}: {shown}")


def strict_json(body: bytes) -> Any:
    """Parse a JSON body strictly. Numbers with a fraction, and those too long for any column, become Decimal.

    Raises ValueError; BadValueError, when the field at fault can be named.
    """
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_no_duplicates,
            parse_constant=_no_constant,
            parse_float=_decimal,
            parse_int=_bounded_int,
        )
    except RecursionError:
        raise ValueError("The body is nested too deeply.") from None
    _check(value)
    return value


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError("A key occurs twice.")
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number.")


def _decimal(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise ValueError("A number has too large an exponent.") from None


def _bounded_int(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= 20 else _decimal(digits)


def _check(value: Any, path: str = "", depth: int = 0) -> None:
    """Refuse what no database text can hold, and nesting that no request needs."""
    if depth > MAX_DEPTH:
        raise ValueError("The body is nested too deeply.")
    if isinstance(value, dict):
        for key, part in value.items():
            _check_text(key, path)
            _check(part, f"{path}.{key}" if path else key, depth + 1)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            _check(part, f"{path}[{index}]", depth + 1)
    elif isinstance(value, str):
        _check_text(value, path)


def _check_text(text: str, path: str) -> None:
    if "\x00" in text:
        raise BadValueError(path, "Teks tidak boleh berisi karakter NUL.")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise BadValueError(path, "Teks berisi karakter yang tidak utuh.")
