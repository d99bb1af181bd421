"""The schema in the repository is the one that the code gives, and every operation in it is told well."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import global_settings
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from payments.states import EventType
from tests.support.api import problem_of

CHANGELOG = Path(__file__).resolve().parents[2] / "docs" / "api-changelog.md"
SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"
# What must be given in production, whatever it is.
LIVE = (
    "SECRET_KEY", "ALLOWED_HOSTS", "SITE_URL", "MIDTRANS_SERVER_KEY", "MIDTRANS_CLIENT_KEY", "RESEND_API_KEY",
    "RESEND_FROM_EMAIL", "ALERT_EMAIL",
)  # fmt: skip
METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def schema() -> Any:
    return yaml.safe_load(SCHEMA.read_text())


def operations(schema: Any) -> list[tuple[str, Any]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


def test_the_committed_schema_is_what_the_code_gives():
    written = StringIO()

    call_command("spectacular", "--validate", "--fail-on-warn", stdout=written)

    assert written.getvalue().strip() == SCHEMA.read_text().strip(), "out of date: make schema"


def test_the_version_is_the_newest_of_the_changelog(schema):
    entries = re.findall(r"^## (\d+\.\d+\.\d+) \((\d{4}-\d{2}-\d{2})\)$", CHANGELOG.read_text(), re.MULTILINE)
    versions = [tuple(map(int, version.split("."))) for version, _ in entries]

    assert schema["info"]["version"] == entries[0][0]
    assert versions == sorted(set(versions), reverse=True)
    assert [day for _, day in entries] == sorted((day for _, day in entries), reverse=True)
    assert "docs/api-changelog.md" in schema["info"]["description"]


def test_what_is_deprecated_in_the_schema_is_announced(schema):
    announced = CHANGELOG.read_text()

    gone = [operation["operationId"] for _, operation in operations(schema) if operation.get("deprecated")]

    assert [name for name in gone if name not in announced] == []


def test_the_schema_holds_the_whole_contract(schema):
    assert {name for name, _ in operations(schema)} == {
        "POST /api/auth/token",
        "GET /api/products",
        "GET /api/products/{id}",
        "GET /api/addresses",
        "POST /api/addresses",
        "GET /api/orders",
        "POST /api/orders",
        "GET /api/orders/{reference}",
        "POST /api/orders/{reference}/cancel",
        "POST /api/payment/create",
    }


def test_every_operation_has_words_examples_and_problems(schema):
    for name, operation in operations(schema):
        assert operation["summary"], name
        assert operation["description"], name
        good = [answer for code, answer in operation["responses"].items() if code.startswith("2")]
        assert all("examples" in answer["content"]["application/json"] for answer in good), name
        bad = [answer for code, answer in operation["responses"].items() if not code.startswith("2")]
        assert {"429", "503"} <= set(operation["responses"]), name
        for answer in bad:
            problem = answer["content"]["application/problem+json"]["schema"]
            assert problem == {"$ref": "#/components/schemas/Problem"}, name
        if "requestBody" in operation:
            assert "examples" in operation["requestBody"]["content"]["application/json"], name


def test_the_schema_says_how_to_sign_in(schema):
    assert set(schema["components"]["securitySchemes"]) == {"token", "session"}
    public = {name for name, operation in operations(schema) if not any(operation.get("security", [{}]))}
    assert public == {"POST /api/auth/token", "GET /api/products", "GET /api/products/{id}"}


@pytest.mark.processes
def test_the_cookies_are_named_as_they_are_where_customers_are(schema):
    """And, for those who develop, as Django names them by itself."""
    words = schema["components"]["securitySchemes"]["session"]
    live = os.environ | dict.fromkeys(LIVE, "https://shop.example") | {"DEBUG": "off", "SHOP_ENV_FILE": "none"}
    asked = "from config import settings; print(settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME)"

    argv = [sys.executable, "-c", asked]
    done = subprocess.run(argv, env=live, cwd=SCHEMA.parents[1], capture_output=True, text=True, check=True)

    session, csrf = done.stdout.split()
    assert words["name"] == session
    assert f"`{csrf}`" in words["description"]
    assert f"`{global_settings.SESSION_COOKIE_NAME}` and `{global_settings.CSRF_COOKIE_NAME}`" in words["description"]


def test_the_webhooks_are_named(schema):
    text = schema["info"]["description"]

    assert [event for event in EventType.values if f"`{event}`" not in text] == [EventType.PING]
    assert "docs/webhooks.md" in text


@pytest.mark.parametrize("path", ["/api/schema", "/api/schema/", "/api/docs", "/api/docs/"])
def test_schema_and_pages_are_served(db, path):
    answer = Client().get(path)

    assert answer.status_code == 200


def test_the_pages_need_no_other_server(db):
    page = Client().get("/api/docs").content.decode()

    assert "/static/drf_spectacular_sidecar/" in page
    assert "https://" not in page


@pytest.mark.parametrize("path", ["/api/schema", "/api/schema/", "/api/docs", "/api/docs/"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_schema_and_pages_refuse_other_methods_in_json(db, path, method):
    answer = Client().generic(method, path, b"{}", content_type="application/json")

    problem_of(answer, 405)
    assert answer["Allow"] == "GET, HEAD"


def test_a_schema_that_is_asked_for_too_often_is_a_429_in_json(db, settings, monkeypatch):
    settings.THROTTLING = True
    cache.clear()
    monkeypatch.setitem(settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "catalogue", "1/min")

    answers = [Client().get("/api/schema") for _ in range(2)]

    assert answers[0].status_code == 200
    assert problem_of(answers[1], 429)["retryAfter"] == int(answers[1]["Retry-After"])
    cache.clear()


def test_the_schema_comes_as_json_to_whoever_asks_for_that(db):
    answer = Client().get("/api/schema", headers={"Accept": "application/json"})

    assert answer["Content-Type"] == "application/json"
    assert answer.json()["openapi"].startswith("3.")
