"""The strict JSON parser, and what becomes of every kind of error."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, OperationalError
from django.http import Http404
from rest_framework import exceptions

from config.database import DatabaseConnectionError
from config.errors import InvalidInputError, ShopClosedError
from config.problems import PROBLEM_JSON, BadValueError, problem_response, strict_json


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e9999999999999999999}',
        b"\xff\xfe",
        b'\xef\xbb\xbf{"a":1}',
        b"[" * 14 + b"]" * 14,
        b"[" * 5000 + b"]" * 5000,
        b'{"a":"\x00"}',
        b'{"\\ud800":1}',
        b'{"a\\u0000":1}',
    ],
)
def test_odd_json_is_refused(body):
    with pytest.raises(ValueError, match=r".*"):
        strict_json(body)


def test_a_bad_text_names_its_field():
    with pytest.raises(BadValueError) as caught:
        strict_json(b'{"items":[{"name":"a"},{"name":"\\u0000"}]}')

    assert caught.value.field == "items[1].name"


def test_fractions_and_endless_numbers_become_decimals():
    value = strict_json(b'{"a":1.5,"b":1e3,"c":123456789012345678901234567890,"d":7}')

    assert value == {"a": Decimal("1.5"), "b": Decimal(1000), "c": Decimal(123456789012345678901234567890), "d": 7}
    assert isinstance(value["b"], Decimal)
    assert isinstance(value["c"], Decimal)
    assert type(value["d"]) is int


def test_text_beyond_ascii_and_an_escaped_pair_are_fine():
    assert strict_json('{"a":"Yogyakartå \\ud83d\\ude00"}'.encode()) == {"a": "Yogyakartå 😀"}


def caused_by(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InvalidInputError("note", "Terlalu panjang."), 400, "invalid_input"),
        (SuspiciousOperation("odd"), 400, "parse_error"),
        (RequestDataTooBig("big"), 413, "body_too_large"),
        (exceptions.ParseError(), 400, "parse_error"),
        (exceptions.AuthenticationFailed(), 401, "authentication_failed"),
        (PermissionDenied(), 403, "permission_denied"),
        (exceptions.PermissionDenied(), 403, "permission_denied"),
        (Http404(), 404, "not_found"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (exceptions.UnsupportedMediaType("text/plain"), 415, "unsupported_media_type"),
        (exceptions.Throttled(wait=7), 429, "throttled"),
        (ShopClosedError(), 503, "shop_closed"),
    ],
)
def test_every_error_becomes_a_problem(error, status, code):
    answer = problem_response(error, {})

    assert answer is not None
    assert (answer.status_code, answer.content_type) == (status, PROBLEM_JSON)
    body: dict[str, Any] = answer.data
    assert (body["status"], body["code"], body["error"]) == (status, code, body["detail"])


def test_waiting_times_travel_in_the_header_too():
    throttled = problem_response(exceptions.Throttled(wait=7), {})
    closed = problem_response(ShopClosedError(), {})

    assert throttled is not None
    assert throttled["Retry-After"] == "7"
    assert closed is not None
    assert closed["Retry-After"] == "300"


@pytest.mark.parametrize(
    "bug", [ZeroDivisionError("secret"), caused_by(DataError("secret"), psycopg.DataError("secret"))]
)
def test_a_bug_is_a_500_that_tells_nothing(bug):
    answer = problem_response(bug, {})

    assert answer is not None
    assert answer.status_code == 500
    assert "secret" not in str(answer.data)


@pytest.mark.parametrize(
    "trouble",
    [
        DatabaseConnectionError("away"),
        caused_by(OperationalError("away"), psycopg.OperationalError("away")),
    ],
)
def test_database_trouble_is_left_to_the_outermost_middleware(trouble):
    assert problem_response(trouble, {}) is None
