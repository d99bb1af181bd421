"""Faults of the line and the server, on real PostgreSQL: what kind of trouble, within what time, and which rows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection

from config import databases
from config.database import (
    BreakerState,
    DatabaseConnectionError,
    Trouble,
    breaker,
    classify,
    unit_of_work,
    with_database_safety,
)
from config.database.backend.base import DatabaseWrapper
from config.deadline import deadline
from shop.models import Category
from tests.faults.conftest import A_MINUTE_AT_MOST, Shelf, end_own_session, own_pid, shelves, sql, within
from tests.support.pg_proxy import PostgresProxy
from tests.support.races import background, end_session

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def refused_as(trouble: Trouble) -> Iterator[None]:
    """Expect trouble of one kind."""
    with pytest.raises(DatabaseError) as raised:
        yield
    assert classify(raised.value) is trouble, raised.value.__cause__


# --- connecting -----------------------------------------------------------------------------------------------------


def test_a_server_that_refuses_is_connection_trouble_and_the_first_read_after_it_works(proxy: PostgresProxy):
    proxy.refusing = True

    with within(2), refused_as(Trouble.CONNECTION):
        Category.objects.count()

    proxy.refusing = False
    assert Category.objects.count() == 0


@pytest.mark.slow
def test_a_connection_that_is_taken_and_never_answered_is_given_up(proxy: PostgresProxy):
    proxy.stall()
    body = Shelf()

    with within(4), deadline(2.6), pytest.raises((DatabaseConnectionError, DatabaseError)):
        unit_of_work(body)

    proxy.heal()
    assert body.runs == 0
    assert unit_of_work(body) == "run 1"


def test_no_connection_is_begun_that_could_not_end_in_time(proxy: PostgresProxy):
    with within(1), deadline(1), refused_as(Trouble.DEADLINE):
        Category.objects.count()


def test_too_many_clients_are_connection_trouble_and_one_who_leaves_makes_room():
    name = connection.settings_dict["NAME"]
    staying, may_leave = threading.Event(), threading.Event()

    def stay() -> None:
        # Our own last session may take a moment to be gone; up to PostgreSQL 17 an autovacuum worker counts as well.
        with_database_safety(connection.ensure_connection, retries=4, timeout=30)
        staying.set()
        assert may_leave.wait(A_MINUTE_AT_MOST)

    sql(f'ALTER DATABASE "{name}" CONNECTION LIMIT 1')
    connection.close()
    guest = background(stay)
    body = Shelf()
    try:
        assert staying.wait(A_MINUTE_AT_MOST)
        with within(5), pytest.raises(DatabaseConnectionError) as full:
            unit_of_work(body)
        assert "too many connections" in str(full.value.__cause__)
    finally:
        may_leave.set()
        guest.result(A_MINUTE_AT_MOST)
        breaker.reset()
        with_database_safety(lambda: sql("SELECT 1"))  # the guest's session may take a moment to be gone
        sql(f'ALTER DATABASE "{name}" CONNECTION LIMIT -1')

    assert (body.runs, shelves()) == (0, [])
    assert unit_of_work(body) == "run 1"


# --- stalls ---------------------------------------------------------------------------------------------------------


def test_a_line_that_stalls_in_the_middle_ends_at_the_deadline_and_nothing_is_written(proxy: PostgresProxy):
    body = Shelf(lambda run: proxy.stall() if run == 1 else None)
    connection.ensure_connection()

    with within(2), deadline(0.4), refused_as(Trouble.DEADLINE):
        unit_of_work(body)

    proxy.heal()
    assert (body.runs, shelves()) == (1, [])
    assert unit_of_work(body) == "run 2"
    assert shelves() == [("run 2", "whole")]


def test_without_a_deadline_one_answer_has_its_own_limit_and_such_a_stall_counts_for_the_breaker(
    proxy: PostgresProxy,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(databases, "ANSWER_TIMEOUT_S", 0.3)
    monkeypatch.setattr(databases, "STATEMENT_TIMEOUT_MS", 200)
    told: list[int] = []
    monkeypatch.setattr(breaker, "lost", lambda: told.append(1))
    connection.ensure_connection()
    proxy.stall()

    with within(2), refused_as(Trouble.DEADLINE):
        Category.objects.count()

    proxy.heal()
    assert told == [1]


def test_a_commit_that_stalls_is_not_sent_again_but_looked_up(proxy: PostgresProxy, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(databases, "ANSWER_TIMEOUT_S", 0.3)
    shelf = Shelf()

    def body() -> str:
        done = shelf()
        proxy.stall()
        return done

    def resolve() -> str | None:
        proxy.heal()  # what was held back arrives: the server commits only now
        monkeypatch.undo()
        while not shelves():
            pass
        return shelves()[0][0]

    with within(5):
        connection.ensure_connection()
        assert unit_of_work(body, resolve=resolve) == "run 1"

    assert (shelf.runs, shelves()) == (1, [("run 1", "whole")])


# --- sessions that end ----------------------------------------------------------------------------------------------


def test_a_session_ended_while_it_was_idle_costs_a_read_one_more_try_and_nothing_else():
    Category.objects.create(name="there", slug="there")
    end_own_session()

    with within(4):
        assert with_database_safety(Category.objects.count) == 1


def test_a_session_ended_while_it_was_idle_is_replaced_and_the_work_is_done_once():
    end_own_session()

    assert unit_of_work(Shelf(), resolve=lambda: pytest.fail("COMMIT was never sent")) == "run 2"
    assert shelves() == [("run 2", "whole")]


def test_a_session_ended_in_the_middle_of_a_query_is_replaced_and_the_work_is_done_once():
    def killed_while_it_sleeps(run: int) -> None:
        if run > 1:
            return
        pid = own_pid()
        killer = background(lambda: _end_when_active(pid))
        try:
            sql("SELECT pg_sleep(30)")
        finally:
            killer.result(A_MINUTE_AT_MOST)

    body = Shelf(killed_while_it_sleeps)

    with within(10):
        assert unit_of_work(body) == "run 2"

    assert shelves() == [("run 2", "whole")]


def _end_when_active(pid: int) -> None:
    """End a session once its query runs."""
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT wait_event FROM pg_stat_activity WHERE pid = %s", [pid])
            if cursor.fetchone() == ("PgSleep",):
                break
    end_session(pid)


def test_a_transaction_that_idles_too_long_is_ended_by_the_server_and_not_tried_again():
    def idles(run: int) -> None:
        sql("SET LOCAL idle_in_transaction_session_timeout = '50ms'")
        pid = own_pid()

        def gone() -> bool:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid])
                return cursor.fetchone() is None

        def watch() -> None:
            while not gone():
                pass

        background(watch).result(A_MINUTE_AT_MOST)

    body = Shelf(idles)

    with within(5), refused_as(Trouble.IDLE_IN_TRANSACTION):
        unit_of_work(body)

    connection.close()
    assert (body.runs, shelves()) == (1, [])


# --- the server says no ---------------------------------------------------------------------------------------------


def test_a_server_that_only_reads_refuses_a_write_once_and_keeps_reading():
    body = Shelf()
    sql("SET default_transaction_read_only = on")
    try:
        with within(2), refused_as(Trouble.RESOURCES):
            unit_of_work(body)

        assert (body.runs, shelves()) == (1, [])
    finally:
        sql("SET default_transaction_read_only = off")


def test_a_statement_beyond_the_servers_limit_is_ended_by_the_server_and_the_connection_lives():
    pid = own_pid()
    sql("SET statement_timeout = '100ms'")
    try:
        with within(2), refused_as(Trouble.STATEMENT_TIMEOUT):
            sql("SELECT pg_sleep(20)")

        assert own_pid() == pid
    finally:
        sql("RESET statement_timeout")


def test_the_server_stops_a_statement_that_nobody_waits_for_any_more():
    """Else it would hold its locks until its own timeout."""
    pid = own_pid()

    with within(3), deadline(0.3), refused_as(Trouble.DEADLINE):
        sql("SELECT pg_sleep(20)")

    connection.close()
    with within(5):
        while True:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid])
                if cursor.fetchone() is None:
                    break


# --- the pool -------------------------------------------------------------------------------------------------------


@pytest.fixture
def pooled() -> Iterator[Any]:
    """Make wrappers, as each thread has one, that share a pool of two."""
    settings = connection.settings_dict | {
        "OPTIONS": connection.settings_dict["OPTIONS"]
        | {"pool": {"min_size": 2, "max_size": 2, "timeout": 1.0, "reconnect_timeout": 0.5}},
    }
    made: list[DatabaseWrapper] = []

    def make() -> DatabaseWrapper:
        made.append(DatabaseWrapper(settings, alias="pooled"))
        made[-1].inc_thread_sharing()
        return made[-1]

    yield make
    for wrapper in made:
        wrapper.close()
    made[0].close_pool()


def test_an_exhausted_pool_is_told_after_its_wait_and_is_no_sign_of_a_dead_server(pooled: Any):
    first, second, third = pooled(), pooled(), pooled()
    first.ensure_connection()
    second.ensure_connection()

    with within(2.5), refused_as(Trouble.POOL_TIMEOUT):
        third.ensure_connection()

    assert breaker.state is BreakerState.CLOSED
    first.close()
    with within(1):
        third.ensure_connection()


def test_a_pool_full_of_dead_connections_gives_a_live_one_at_once(pooled: Any):
    """As after a restart of the server."""
    wrappers = [pooled(), pooled()]
    pids = []
    for wrapper in wrappers:
        with wrapper.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            pids.append(cursor.fetchone()[0])
    for wrapper in wrappers:
        wrapper.close()
    for pid in pids:
        end_session(pid)

    with within(1.9), pooled().cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)

    assert breaker.state is BreakerState.CLOSED


def test_a_pool_whose_lines_stall_is_given_up_within_its_wait(proxy: PostgresProxy, pooled: Any):
    wrapper = pooled()
    wrapper.ensure_connection()
    wrapper.close()
    proxy.stall()

    with within(3), pytest.raises(DatabaseError) as raised:
        pooled().ensure_connection()

    proxy.heal()
    assert classify(raised.value) in {Trouble.POOL_TIMEOUT, Trouble.BREAKER_OPEN}
    with within(3):
        pooled().ensure_connection()


# --- what django does not know --------------------------------------------------------------------------------------


def test_an_interrupted_wait_leaves_no_connection_in_the_middle_of_a_conversation(proxy: PostgresProxy):
    connection.ensure_connection()
    driver = connection.connection
    proxy.stall()

    with deadline(0.2), pytest.raises(psycopg.OperationalError):
        driver.execute("SELECT 1")

    assert driver.closed
    proxy.heal()
