"""The 503 contract: wherever in a request the database turns out to be away, and whoever asks."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.client import ClientHandler
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter
from pytest_django import Settings

from config.database import breaker
from config.middleware import DatabaseSafetyMiddleware
from shop.models import Cart, Category
from tests.faults.conftest import sql, within
from tests.support.pg_proxy import PostgresProxy
from tests.support.staff import make_superuser
from tests.support.world import make_variant

WORDS = "Sistem sedang mengalami gangguan"
HTML, JSON = "text/html; charset=utf-8", "application/problem+json"
NEEDS_NO_DATABASE = {
    "/healthz": 200,
    "/metrics": 200,  # says shop_database_up 0
    "/api": 404,
    "/robots.txt": 200,
    "/api/docs": 200,
    "/api/schema": 200,
    "/pembayaran/selesai/": 200,  # without an order's number it only says where to look
    "/api/auth/token": 405,
    "/tema/": 405,
    "/checkout/voucher/": 303,
    "/favicon.ico": 302,
    "/wilayah/": 200,  # provinces come from a file
    "/keluar/": 303,
    "/keranjang/tambah/": 303,
}
"""Routes that ask nobody, and what they answer to a GET; everything else answers the contract."""

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.faults.urls")]


@pytest.fixture
def staff() -> Client:
    """Somebody who may see everything, with a session: its first look at the user needs the database."""
    client = Client(raise_request_exception=False)
    client.force_login(make_superuser())
    return client


@pytest.fixture
def stranger() -> Client:
    return Client(raise_request_exception=False)


def assert_page(answer: Any) -> None:
    assert (answer.status_code, answer["Content-Type"]) == (503, HTML)
    assert (answer["Retry-After"], answer["Cache-Control"]) == ("60", "no-store")
    assert WORDS in answer.content.decode()
    assert "Traceback" not in answer.content.decode()


def assert_problem(answer: Any) -> None:
    assert (answer.status_code, answer["Content-Type"], answer["Retry-After"]) == (503, JSON, "60")
    body = json.loads(answer.content)
    assert (body["error"], body["detail"], body["retryAfter"], body["status"]) == (WORDS, WORDS, 60, 503)


# --- every route ----------------------------------------------------------------------------------------------------


def every_path(resolver: Any = None, prefix: str = "/") -> Iterator[str]:
    """Return an address for each route of the site, with something in place of its parameters."""
    for pattern in (resolver or get_resolver("config.urls")).url_patterns:
        route = str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from every_path(pattern, prefix + route)
            continue
        assert isinstance(pattern, URLPattern)
        for name, converter in pattern.pattern.converters.items():
            value = "1" if isinstance(converter, IntConverter) else "x"
            for kind in ("int", "str", "slug", "path", "uuid"):
                route = route.replace(f"<{kind}:{name}>", value)
            route = route.replace(f"<{name}>", value)
        yield prefix + route


def plain_paths() -> list[str]:
    found = [path for path in every_path() if not set("<>^$()?\\") & set(path)]
    assert len(found) > 60
    return found


@pytest.mark.slow
def test_with_the_database_away_every_route_answers_the_contract(staff: Client, proxy: PostgresProxy):
    connection.close()
    proxy.refusing = True
    others = {}

    for path in plain_paths():
        answer = staff.get(path)
        kind = JSON if path.startswith("/api/") else HTML
        if path == "/readyz":
            assert (answer.status_code, answer.json()["healthy"]) == (503, False)
        elif (answer.status_code, answer["Content-Type"], answer.get("Retry-After")) != (503, kind, "60"):
            others[path] = answer.status_code

    assert others == NEEDS_NO_DATABASE, sorted(others.items())
    proxy.refusing = False


def test_the_ways_in_answer_the_contract_when_they_are_posted_to(stranger: Client, proxy: PostgresProxy):
    connection.close()
    proxy.refusing = True

    assert_page(stranger.post("/masuk/", {"username": "a@example.com", "password": "x"}))
    assert_page(stranger.post("/admin/login/", {"username": "a@example.com", "password": "x"}))
    assert_problem(stranger.post("/api/auth/token", {"email": "a@example.com", "password": "x"}, "application/json"))
    assert_problem(stranger.get("/api/products", headers={"Authorization": "Bearer abc"}))
    proxy.refusing = False


def assert_quick(client: Client, path: str) -> None:
    """Expect an answer that waits for nothing and costs less than 50 ms.

    The cost is CPU time, for on a busy machine a clock measures the machine; `make faults` looks at the clock. The
    cheapest of three counts: the garbage of all tests before may be collected during one of them.
    """
    costs, took = [], []
    for _ in range(3):
        started, cpu = time.monotonic(), time.thread_time()
        client.get(path)
        costs.append(time.thread_time() - cpu)
        took.append(time.monotonic() - started)
    assert min(costs) < 0.05
    assert min(took) < 0.5


def test_an_open_breaker_answers_in_milliseconds_and_the_first_request_after_it_works(
    stranger: Client,
    proxy: PostgresProxy,
    monkeypatch: pytest.MonkeyPatch,
):
    stranger.get("/produk/")  # templates and routes are loaded
    connection.close()
    proxy.refusing = True
    for _ in range(6):
        stranger.get("/produk/")

    for path, check in (("/", assert_page), ("/produk/", assert_page), ("/api/products", assert_problem)):
        check(stranger.get(path))
        assert_quick(stranger, path)
    assert stranger.get("/healthz").status_code == 200
    assert_quick(stranger, "/healthz")
    assert stranger.get("/readyz").json()["breaker"] == "open"

    proxy.refusing = False
    monkeypatch.setattr(breaker, "_closed_until", 0.0)  # the cool-down is over
    assert stranger.get("/produk/").status_code == 200
    assert breaker.state.value == "closed"


# --- every place ----------------------------------------------------------------------------------------------------


@pytest.fixture(params=[True, False], ids=["debug", "production"])
def debug(request: pytest.FixtureRequest, settings: Settings) -> bool:
    settings.DEBUG = request.param
    return bool(request.param)


def test_trouble_outside_a_view_is_a_503_as_well_debug_or_not(
    debug: bool, staff: Client, stranger: Client, proxy: PostgresProxy, settings: Settings
):
    connection.close()
    proxy.refusing = True

    assert_page(staff.get("/faults/late"))  # rendering, after the view
    assert_page(stranger.get("/faults/streamed"))  # the first part of a stream
    # A middleware that needs the user: Django makes a 500, or its debug page, of that.
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "tests.faults.test_unavailable.NosyMiddleware"]
    staff.handler = ClientHandler()  # builds its chain of middleware anew
    inside = staff.get("/faults/still")
    assert_page(inside)
    assert inside["X-Request-ID"]
    assert inside["Content-Security-Policy"].startswith("default-src 'self'")
    assert_problem(staff.get("/faults/still", headers={"Accept": "application/json"}))
    if not debug:
        assert_page(stranger.get("/faults/missing"))  # the page that says 404 has a menu
    proxy.refusing = False


class NosyMiddleware:
    """Looks at the user on every request."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        str(request.user)
        return self.get_response(request)


def test_a_bug_stays_a_500(stranger: Client, monkeypatch: pytest.MonkeyPatch, settings: Settings):
    settings.DEBUG = False

    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("shop.views.home.shelves", broken)

    # An address of its own: the front page itself may be remembered from another test.
    assert stranger.get("/?bug").status_code == 500


def test_the_guard_is_the_outermost_middleware():
    assert settings.MIDDLEWARE[0] == f"config.middleware.{DatabaseSafetyMiddleware.__name__}"


# --- every kind -----------------------------------------------------------------------------------------------------


def test_a_server_that_only_reads_is_a_503_for_who_orders_and_a_shop_for_who_looks(stranger: Client):
    variant = make_variant()
    sql("SET default_transaction_read_only = on")
    try:
        assert stranger.get("/").status_code == 200
        assert_page(stranger.post("/keranjang/tambah/", {"varian": variant.pk, "jumlah": 1}))
    finally:
        sql("SET default_transaction_read_only = off")

    assert Cart.objects.count() == 0


def test_a_request_ends_at_its_deadline_and_the_next_one_works(
    stranger: Client, proxy: PostgresProxy, settings: Settings
):
    settings.REQUEST_DEADLINE_S = 0.4
    Category.objects.count()
    proxy.stall()

    with within(2):
        assert_page(stranger.get("/produk/"))

    proxy.heal()
    settings.REQUEST_DEADLINE_S = 12
    assert stranger.get("/produk/").status_code == 200


def test_a_slow_number_in_the_header_costs_the_page_nothing_but_the_number(
    stranger: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("shop.selectors.CartItem.objects.filter", _slow)
    session = stranger.session
    session["cart"] = "token"
    session.save()

    with within(8):
        answer = stranger.get("/halaman/faq/")

    assert answer.status_code == 200
    assert 'class="count"' not in answer.content.decode()


def _slow(*args: Any, **kwargs: Any) -> Any:
    class Slow:
        def aggregate(self, **wanted: Any) -> dict[str, int]:
            sql("SELECT pg_sleep(20)")
            return {"units": 1}

    return Slow()
