"""A real web server while its database is stopped, restarted, stalled, and while it is told to stop itself.

Run by ``make faults``, not by ``make test``: each test waits for real clocks.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.support.embedded import eventually
from tests.support.web_server import (
    COOL_DOWN_S,
    DEADLINE_S,
    Answer,
    BreakableDatabase,
    WebServer,
    breakable_database,
    manage,
    web_server,
)

pytestmark = [pytest.mark.faults, pytest.mark.processes]

MARGIN_S = 1.5
"""What a busy machine may add to a bound of the contract."""
WORDS = "Sistem sedang mengalami gangguan"
PAGE, API, ADMIN = "/produk/", "/api/products", "/admin/login/"


@pytest.fixture(scope="module")
def database() -> Iterator[BreakableDatabase]:
    with breakable_database() as database:
        yield database


@pytest.fixture(scope="module")
def server(database: BreakableDatabase) -> Iterator[WebServer]:
    with web_server(database) as server:
        yield server


@pytest.fixture(autouse=True)
def all_is_well(server: WebServer) -> None:
    """Each test begins with a shop that works and a breaker that is closed."""
    assert eventually(lambda: server.get(PAGE).status == 200, within_s=20), server.log


def at_once(server: WebServer, count: int, path: str = PAGE) -> list[Answer]:
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(lambda _: server.get(path), range(count)))


def assert_contract(answer: Answer, *, api: bool = False) -> None:
    assert answer.status == 503, answer
    assert answer.headers["Retry-After"] == "60"
    assert answer.took < DEADLINE_S + MARGIN_S
    assert "Traceback" not in answer.body
    if api:
        assert answer.headers["Content-Type"] == "application/problem+json"
        body = json.loads(answer.body)
        assert (body["error"], body["retryAfter"]) == (WORDS, 60)
    else:
        assert WORDS in answer.body


def breaker_of(server: WebServer) -> str:
    return str(json.loads(server.get("/readyz").body)["breaker"])


def test_a_restart_of_the_database_costs_the_next_visitor_nothing(server, database):
    at_once(server, 8)  # the pool is full of connections, all of which the restart kills

    database.restart()

    answer = server.get(PAGE)
    assert answer.status == 200, server.log
    assert answer.took < 3
    assert {each.status for each in at_once(server, 8)} == {200}


def test_with_the_database_stopped_everybody_is_told_and_the_first_visitor_after_it_is_served(server, database):
    database.stop()
    try:
        assert_contract(server.get(PAGE))
        assert_contract(server.get(API), api=True)
        assert_contract(server.get(ADMIN, Cookie="sessionid=abcdefghijklmnopqrstuvwxyz012345"))
        assert server.get("/healthz").status == 200
        ready = server.get("/readyz")
        assert (ready.status, json.loads(ready.body)["healthy"]) == (503, False)

        assert eventually(lambda: server.get(PAGE) and breaker_of(server) == "open")
        # On a busy machine most answers measure the machine; the contract is about ours.
        assert eventually(lambda: server.get(PAGE).took < 0.05)
        assert eventually(lambda: server.get(API).took < 0.05)
    finally:
        database.start()

    time.sleep(COOL_DOWN_S * 1.2)  # what the contract allows
    assert server.get(PAGE).status == 200, server.log
    ready = server.get("/readyz")
    assert ready.status == 200
    assert json.loads(ready.body).keys() == {"healthy", "latency", "database", "migrated", "breaker"}
    assert breaker_of(server) == "closed"


def test_a_probe_of_readiness_heals_the_breaker_before_a_visitor_has_to_try(server, database):
    database.stop()
    try:
        assert eventually(lambda: server.get(PAGE) and breaker_of(server) == "open")
    finally:
        database.start()

    assert eventually(lambda: server.get("/readyz").status == 200)

    assert server.get(PAGE).status == 200


def test_a_stalled_line_ends_every_request_at_its_deadline_and_no_thread_hangs(server, database):
    at_once(server, 6)
    database.proxy.stall()
    try:
        answers = at_once(server, 6)
        alive = server.get("/healthz")
    finally:
        database.proxy.heal()

    for answer in answers:
        assert_contract(answer)
    assert alive.status == 200
    time.sleep(COOL_DOWN_S * 1.2)
    assert server.get(PAGE).status == 200, server.log
    assert {each.status for each in at_once(server, 8)} == {200}


def test_a_line_that_stalls_in_the_middle_of_queries_ends_them_at_their_own_limit(server, database):
    with psycopg.connect(database.url) as other, ThreadPoolExecutor(1) as threads:
        other.execute("LOCK TABLE shop_category IN ACCESS EXCLUSIVE MODE")
        waiting = threads.submit(server.get, PAGE)
        assert eventually(lambda: blocked(other))
        database.proxy.stall()
        try:
            answer = waiting.result(30)
        finally:
            database.proxy.heal()

    assert_contract(answer)
    time.sleep(COOL_DOWN_S * 1.2)
    assert server.get(PAGE).status == 200, server.log


def blocked(other: psycopg.Connection) -> bool:
    row = other.execute("SELECT 1 FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0").fetchone()
    return row is not None


def test_a_lock_that_somebody_holds_is_a_503_after_its_own_limit(server, database):
    with psycopg.connect(database.url) as other:
        other.execute("LOCK TABLE shop_category IN ACCESS EXCLUSIVE MODE")
        answer = server.get(PAGE)

    assert_contract(answer)
    assert answer.took < 1 + MARGIN_S
    assert server.get(PAGE).status == 200


def test_told_to_stop_it_finishes_what_it_has_begun_and_says_goodbye_to_the_database(database):
    with (
        web_server(database) as server,
        psycopg.connect(database.url) as other,
        ThreadPoolExecutor(1) as threads,
    ):
        assert server.get(PAGE).status == 200
        other.execute("LOCK TABLE shop_category IN ACCESS EXCLUSIVE MODE")
        begun = threads.submit(server.get, PAGE)
        assert eventually(lambda: blocked(other))

        server.process.terminate()
        other.rollback()

        assert begun.result(10).status == 200
        assert server.stop() == 0
        assert "Traceback" not in server.log, server.log


def test_a_command_without_its_database_says_so_and_fails_soon(server, database, tmp_path):
    database.stop()
    try:
        started = time.monotonic()
        done = manage(database, tmp_path, "expire_orders")
    finally:
        database.start()

    assert done.returncode == 1
    assert "The database is away" in done.stderr
    assert "Traceback" not in done.stderr
    assert time.monotonic() - started < 30
