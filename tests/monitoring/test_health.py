"""The two questions of machines: does the process live, and can the shop work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client

from config.database import check_database_health, health

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer stands for a second; not from one test to the next."""
    monkeypatch.setattr(health, "_last", None)


@pytest.fixture
def missing_migration() -> Iterator[None]:
    """The database has not seen the newest code."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'orders' RETURNING app, name, applied")
        rows = cursor.fetchall()
    yield
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, %s)", rows)


def test_a_shop_that_can_work_is_ready(client: Client):
    answer = client.get("/readyz")

    body = answer.json()
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert 0 < body.pop("latency") < 3000
    assert body == {"healthy": True, "database": True, "migrated": True, "breaker": "closed"}


def test_a_database_without_the_newest_migration_is_not_ready(client: Client, missing_migration: None):
    answer = client.get("/readyz")

    body = answer.json()
    assert (answer.status_code, body["healthy"], body["database"], body["migrated"]) == (503, False, True, False)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_may_come_by_any_host_name(client: Client, path: str):
    assert client.get(path, headers={"Host": "10.0.0.5"}).status_code == 200
    assert client.post(path, headers={"Host": "10.0.0.5"}).status_code == 405


def test_the_process_lives_without_asking_the_database(client: Client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/healthz").json()["status"] == "ok"


def test_the_look_is_the_reports():
    found = check_database_health()

    assert found.keys() == {"healthy", "latency"}
    assert found["healthy"] is True


def test_many_who_ask_at_once_ask_the_server_once(monkeypatch: pytest.MonkeyPatch, client: Client):
    looks = []
    look = health.look

    def counting() -> health.Health:
        looks.append(1)
        return look()

    monkeypatch.setattr(health, "look", counting)

    for _ in range(5):
        client.get("/readyz")

    assert len(looks) == 1
