"""Durations of requests and slow statements: what is counted, added up and shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client

from monitoring.cleaning import clean_up
from monitoring.models import RouteTraffic, SlowQuery
from monitoring.traffic import recorder, slowest_queries, traffic
from monitoring.traffic.report import percentile
from monitoring.traffic.store import store

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_recorded():
    """Other tests' requests are none of ours."""
    recorder.take()
    yield
    recorder.take()


def test_a_request_is_counted_under_its_pattern_and_not_under_its_address():
    Client().get("/api/products/4711?search=rahasia")

    assert store() == 1
    assert RouteTraffic.objects.get().route == "GET /api/products/(?P<id>[0-9]{1,19})$"


def test_addresses_that_match_no_route_share_one_name():
    for path in ("/wp-login.php", "/.env", "/x/y/z"):
        Client().get(path)

    store()

    assert [(row.requests, row.errors) for row in RouteTraffic.objects.all()] == [(3, 0)]


def test_probes_are_not_counted():
    for path in ("/healthz", "/readyz", "/metrics", "/static/css/site.css"):
        Client().get(path)

    assert store() == 0


def test_two_processes_add_up_in_one_row():
    for seconds in (0.003, 0.030):
        recorder.add_request("GET /", seconds, failed=False)
        store()
    recorder.add_request("GET /", 20.0, failed=True)
    store()

    row = RouteTraffic.objects.get()
    assert (row.requests, row.errors, row.total_ms) == (3, 1, 20_033)
    assert row.buckets == [1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]


def test_a_slow_statement_is_kept_with_placeholders_and_without_its_values(settings):
    with connection.cursor() as cursor:
        settings.SLOW_QUERY_MS = 60_000
        cursor.execute("SELECT 1")
        settings.SLOW_QUERY_MS = 20
        cursor.execute("SELECT pg_sleep(0.03), %s", ["rahasia@example.com"])

    store()

    kept = SlowQuery.objects.get()
    assert (kept.sql, kept.times) == ("SELECT pg_sleep(0.03), %s", 1)
    assert kept.worst_ms >= 30
    assert [query.sql for query in slowest_queries()] == [kept.sql]


def test_the_report_names_the_costliest_route_first():
    for route, seconds, times in (("GET /a", 0.020, 90), ("GET /b", 0.200, 10)):
        for _ in range(times):
            recorder.add_request(route, seconds, failed=False)
    store()
    long_ago = datetime.now(tz=UTC) - timedelta(days=2)
    RouteTraffic.objects.create(slot=long_ago, route="GET /old", requests=1, errors=0, total_ms=9, buckets=[0] * 12)

    report = traffic()

    assert [(found.name, found.requests, found.mean_ms) for found in report.routes] == [
        ("GET /b", 10, 200),
        ("GET /a", 90, 20),
    ]
    assert 100 <= report.routes[0].p95_ms <= 250
    assert [(found.requests, found.p50_ms <= 25) for found in report.hours] == [(100, True)]


@pytest.mark.parametrize(
    ("buckets", "share", "expected"),
    [
        ([0] * 12, 0.95, 0),
        ([10] + [0] * 11, 0.50, 2),
        ([50, 50] + [0] * 10, 0.95, 10),
        ([0] * 11 + [3], 0.99, 12_000),
    ],
)
def test_percentiles_are_read_off_the_buckets(buckets, share, expected):
    assert percentile(buckets, share) == expected


def test_old_sums_are_swept_at_night():
    long_ago = datetime.now(tz=UTC) - timedelta(days=15)
    RouteTraffic.objects.create(slot=long_ago, route="GET /", requests=1, errors=0, total_ms=9, buckets=[0] * 12)

    assert clean_up()["route_traffic"] == 1
