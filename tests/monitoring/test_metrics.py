"""/metrics: who may read it, and what it says."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.test import Client
from prometheus_client import REGISTRY, generate_latest

from config.database import breaker
from tests.support.incidents import make_incident
from tests.support.world import make_order

pytestmark = pytest.mark.django_db


def scrape(**headers: str) -> dict[str, float]:
    """Return every sample by its name with labels."""
    answer = Client(headers=headers).get("/metrics")
    assert answer.status_code == 200
    lines = [line for line in answer.content.decode().splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_a_stranger_learns_not_even_that_it_exists(settings):
    settings.METRICS_ALLOW, settings.METRICS_KEY = [], "sesame"

    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}):
        assert Client(headers=headers).get("/metrics").status_code == 404


def test_the_key_opens_it(settings):
    settings.METRICS_ALLOW, settings.METRICS_KEY = [], "sesame"

    assert scrape(Authorization="Bearer sesame")["shop_database_up"] == 1


def test_an_allowed_address_counts_only_when_no_proxy_stands_between(settings):
    settings.METRICS_ALLOW, settings.METRICS_KEY = ["127.0.0.0/8"], ""

    assert Client().get("/metrics").status_code == 200
    assert Client(headers={"X-Forwarded-For": "198.51.100.7"}).get("/metrics").status_code == 404


def test_the_shop_is_in_numbers():
    make_order()
    make_order()

    found = scrape()

    assert found['shop_orders_open{status="PENDING_PAYMENT"}'] == 2
    assert found["shop_oldest_unpaid_order_seconds"] >= 0
    assert (found["shop_mails_waiting"], found["shop_payments_open"], found["shop_variants_below_zero"]) == (2, 0, 0)


def test_requests_are_counted_by_route_and_class_of_status():
    name = 'shop_http_request_seconds_count{method="GET",route="/api/products",status="2xx"}'
    before = scrape().get(name, 0)

    Client().get("/api/products?search=a")

    assert scrape()[name] == before + 1


def test_without_a_database_it_says_so_and_goes_on(monkeypatch):
    def away():
        raise OperationalError("away")

    monkeypatch.setattr("monitoring.metrics.shop_facts", away)

    found = scrape()

    assert found["shop_database_up"] == 0
    assert "shop_mails_waiting" not in found


def test_reading_the_facts_takes_six_statements(django_assert_num_queries):
    with django_assert_num_queries(6):
        scrape()


def test_open_incidents_are_counted_by_severity():
    make_incident()

    found = scrape()

    assert found['shop_incidents_open{severity="CRITICAL"}'] == 1
    assert found['shop_incidents_open{severity="HIGH"}'] == 0


def test_the_breaker_of_the_process_shows():
    for _ in range(5):
        breaker.lost()

    assert b"shop_database_breaker_open 1.0" in generate_latest(REGISTRY)

    breaker.answered()

    assert b"shop_database_breaker_open 0.0" in generate_latest(REGISTRY)
