"""What every route of the API has in common: shapes of refusals, methods, slashes, bodies."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client, override_settings
from django.urls import reverse

from config.database import DatabaseConnectionError
from tests.factories import PASSWORD, UserFactory
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


@pytest.mark.parametrize("raw", [b"null", b"[]", b"7", b'"x"', b"false"])
def test_what_is_json_but_no_object_is_told_so(raw):
    body = problem_of(ApiClient(make_customer()).post("/api/orders", raw=raw), 400)

    assert body["errors"] == [{"field": "", "detail": "Kirim sebuah objek JSON."}]


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
    [
        *("/api", "/api/", "/api/nope", "/api/nope/", "/api/orders//", "/api/orders/a/b", "/api/v1/orders"),
        *("/api/orders/%00", "/api/orders/%0A1", "/api/products/1%0A"),
    ],
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


@pytest.fixture
def throttled():
    """Requests are counted, from nothing."""
    cache.clear()
    with override_settings(THROTTLING=True, AXES_ENABLED=True):
        yield
    cache.clear()


def test_requests_beyond_the_rate_are_a_429_that_says_when_to_come_back(throttled):
    client = ApiClient()

    answers = [client.post("/api/auth/token", {"email": f"x{n}@example.com", "password": "x"}) for n in range(31)]

    assert [answer.status_code for answer in answers] == [401] * 30 + [429]
    body = problem_of(answers[30], 429)
    assert body["retryAfter"] == int(answers[30]["Retry-After"]) > 0
    assert [answers[0][f"RateLimit-{name}"] for name in ("Limit", "Remaining")] == ["30", "29"]
    assert answers[30]["RateLimit-Remaining"] == "0"


def test_too_many_wrong_passwords_of_one_address_are_a_429(throttled):
    UserFactory(email="ani@example.com")
    client = ApiClient()

    wrong = [client.post("/api/auth/token", {"email": "Ani@example.com", "password": "salah"}) for _ in range(11)]
    right = client.post("/api/auth/token", {"email": "ani@example.com", "password": PASSWORD})
    another = client.post("/api/auth/token", {"email": "budi@example.com", "password": "salah"})

    assert [answer.status_code for answer in wrong] == [401] * 9 + [429] * 2  # the tenth locks
    assert problem_of(right, 429)["retryAfter"] > 0
    assert another.status_code == 401


def test_right_passwords_are_never_too_many(throttled):
    UserFactory(email="ani@example.com")
    client = ApiClient()

    for word in ["salah", *[PASSWORD] * 12, *["salah"] * 9]:
        answer = client.post("/api/auth/token", {"email": "ani@example.com", "password": word})

        assert answer.status_code == (200 if word == PASSWORD else 401)


def test_the_routes_have_names():
    assert reverse("shop_api:product", args=["7"]) == "/api/products/7"
