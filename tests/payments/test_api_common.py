"""What every route of the API has in common: shapes of refusals, methods, slashes, bodies."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client, override_settings
from django.urls import reverse

from config.database import DatabaseConnectionError
from tests.support.api import POSTS, PRIVATE, PUBLIC, ApiClient, problem_of
from tests.support.world import make_customer, make_order

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[]",
        b"7",
        b'"x"',
        b"null",
        b"[[[[[[[[[[[[[[[[",
        b"\xff",
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b'{"a":"\\u0000"}',
        b"",
    ],
)
def test_a_body_that_is_no_decent_object_is_a_400(path, raw):
    user = make_customer()
    order = make_order(customer=user)
    answer = ApiClient(user).post(path.replace("/1/", f"/{order.number}/"), raw=raw)

    if path.endswith("/cancel") and raw == b"":
        assert answer.status_code == 200
    else:
        problem_of(answer, 400)


@pytest.mark.parametrize("path", POSTS)
def test_other_content_types_are_a_415_and_long_bodies_a_413(path):
    user = make_customer()
    order = make_order(customer=user)
    client, path = ApiClient(user), path.replace("/1/", f"/{order.number}/")

    for content_type in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "x" * 300,
    ):
        problem_of(client.post(path, raw=b"a=1", content_type=content_type), 415)
    problem_of(client.post(path, raw=b'{"a":"' + b"a" * 70_000 + b'"}'), 413)


@pytest.mark.parametrize(("method", "path"), PRIVATE + PUBLIC)
def test_other_methods_are_a_405_that_names_the_right_ones(method, path):
    client = ApiClient(make_customer())
    known = {known for known, other in PRIVATE + PUBLIC if other == path}

    for wrong in sorted({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} - known):
        answer = client.client.generic(wrong, path, b"{}", content_type="application/json", headers=client.headers)
        problem_of(answer, 405)
        assert method in answer["Allow"]


@pytest.mark.parametrize(
    "path",
    ["/api/", "/api/nope", "/api/nope/", "/api/orders//", "/api/orders/a/b", "/api/orders/%00", "/api/v1/orders"],
)
@pytest.mark.parametrize("method", ["get", "post", "delete"])
@pytest.mark.parametrize("debug", [True, False])
def test_unknown_routes_are_a_404_in_json(settings, path, method, debug):
    settings.DEBUG = debug

    problem_of(getattr(Client(enforce_csrf_checks=True), method)(path), 404)


@pytest.mark.parametrize(("method", "path"), PRIVATE + PUBLIC)
def test_a_slash_at_the_end_changes_nothing_and_redirects_nobody(method, path):
    client = ApiClient(make_customer())

    def ask(where: str):
        answer = client.client.generic(method, where, b"{}", content_type="application/json", headers=client.headers)
        return answer.status_code, answer.content

    assert ask(path + "/") == ask(path)


@pytest.mark.parametrize("path", POSTS)
def test_a_body_in_chunks_is_a_411_rather_than_taken_for_none(path):
    client = ApiClient(make_customer())

    problem_of(client.post(path, raw=b"", Transfer_Encoding="chunked"), 411)


def test_any_accept_header_gets_json():
    for accept in ("text/html", "application/problem+json", "image/*", "x" * 9000):
        assert ApiClient().get("/api/products", Accept=accept)["Content-Type"] == "application/json"


@pytest.mark.parametrize("debug", [True, False])
def test_a_bug_is_a_500_in_json(settings, monkeypatch, debug):
    settings.DEBUG = debug

    def broken():
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("shop.api.views.products_for_sale", broken)

    body = problem_of(ApiClient(raise_request_exception=False).get("/api/products"), 500)

    assert "secret" not in str(body)


def test_a_database_that_is_away_is_a_503_in_json(monkeypatch):
    def away():
        raise DatabaseConnectionError("away")

    monkeypatch.setattr("shop.api.views.products_for_sale", away)

    answer = ApiClient().get("/api/products")

    body = problem_of(answer, 503)
    assert (body["error"], body["retryAfter"], answer["Retry-After"]) == ("Sistem sedang mengalami gangguan", 60, "60")


@override_settings(THROTTLING=True)
def test_too_many_tries_for_a_token_are_a_429():
    cache.clear()
    client = ApiClient()

    answers = [client.post("/api/auth/token", {"email": "x@example.com", "password": "salah"}) for _ in range(11)]

    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    body = problem_of(answers[10], 429)
    assert body["retryAfter"] == int(answers[10]["Retry-After"]) > 0
    assert [answers[0][f"RateLimit-{name}"] for name in ("Limit", "Remaining")] == ["10", "9"]
    assert answers[10]["RateLimit-Remaining"] == "0"
    cache.clear()


def test_the_routes_have_names():
    assert reverse("shop_api:product", args=["7"]) == "/api/products/7"
