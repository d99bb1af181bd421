"""The circuit breaker: when it opens, whom it lets through, what it tells, and what it costs."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import DatabaseError, OperationalError

from config.database import BreakerState, CircuitBreaker, CircuitOpenError, Trouble, breaker, classify
from config.database.circuit import PROBE_LIFE_S, WINDOW_S
from shop.models import Category
from tests.faults.conftest import sql, within
from tests.support.pg_proxy import PostgresProxy
from tests.support.races import race

CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN


class Clock:
    """Stands still until it is moved."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ours(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker(failures=3, cool_down_s=5, clock=clock)


def opened(ours: CircuitBreaker) -> CircuitBreaker:
    for _ in range(3):
        ours.lost()
    return ours


def refused(ours: CircuitBreaker) -> bool:
    try:
        ours.require_closed()
    except CircuitOpenError:
        return True
    return False


def test_it_opens_at_the_failure_that_is_one_too_many(ours):
    ours.lost()
    ours.lost()
    assert (ours.state, refused(ours)) == (CLOSED, False)

    ours.lost()

    assert (ours.state, refused(ours)) == (OPEN, True)


def test_an_answer_in_between_starts_the_count_anew(ours):
    ours.lost()
    ours.lost()
    ours.answered()
    ours.lost()

    assert ours.state is CLOSED


def test_failures_that_lie_far_apart_do_not_open_it(ours, clock):
    for _ in range(5):
        ours.lost()
        clock.now += WINDOW_S

    assert ours.state is CLOSED


def test_after_the_cool_down_one_caller_goes_through_and_the_others_do_not(ours, clock):
    opened(ours)
    clock.now += 6.1  # with the jitter

    assert [refused(ours) for _ in range(4)] == [False, True, True, True]
    assert ours.state is HALF_OPEN


def test_of_many_threads_exactly_one_is_the_probe(ours, clock):
    opened(ours)
    clock.now += 6.1
    barrier, through = threading.Barrier(8), []

    def ask() -> None:
        barrier.wait()
        if not refused(ours):
            through.append(1)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert through == [1]


def test_the_probes_success_closes_it_and_its_failure_opens_it_again(ours, clock):
    opened(ours)
    clock.now += 6.1
    ours.require_closed()
    ours.lost()
    assert (ours.state, refused(ours)) == (OPEN, True)

    clock.now += 6.1
    ours.require_closed()
    ours.answered()

    assert (ours.state, refused(ours)) == (CLOSED, False)


def test_a_probe_that_never_reports_gives_its_turn_away(ours, clock):
    opened(ours)
    clock.now += 6.1
    ours.require_closed()
    clock.now += PROBE_LIFE_S

    assert not refused(ours)


def test_failures_of_those_who_were_on_their_way_do_not_prolong_it(ours, clock):
    opened(ours)
    clock.now += 4
    ours.lost()
    clock.now += 2.1

    assert not refused(ours)


def test_listeners_are_told_of_every_change_and_one_that_fails_harms_nobody(ours, clock):
    told: list[tuple[BreakerState, BreakerState]] = []

    def broken(before: BreakerState, after: BreakerState) -> None:
        raise ZeroDivisionError

    ours.add_listener(broken)
    ours.add_listener(lambda before, after: told.append((before, after)))

    opened(ours)
    clock.now += 6.1
    ours.require_closed()
    ours.answered()

    assert told == [(CLOSED, OPEN), (OPEN, HALF_OPEN), (HALF_OPEN, CLOSED)]


def test_saying_no_takes_no_time(ours):
    opened(ours)
    started = time.thread_time()

    for _ in range(1000):
        refused(ours)

    assert time.thread_time() - started < 1  # a millisecond each would be far too much


@pytest.mark.django_db(transaction=True)
def test_a_server_that_is_away_opens_it_and_one_that_is_back_closes_it(
    proxy: PostgresProxy, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(breaker, "_clock", clock)
    proxy.refusing = True
    for _ in range(5):
        with pytest.raises(OperationalError):
            Category.objects.count()
    with pytest.raises(OperationalError) as refused:
        Category.objects.count()
    assert classify(refused.value) is Trouble.BREAKER_OPEN

    proxy.refusing = False
    clock.now += 6.1  # the cool-down

    assert Category.objects.count() == 0
    assert breaker.state is CLOSED


@pytest.mark.django_db(transaction=True)
def test_slow_statements_locks_and_constraints_do_not_open_it():
    def fails() -> None:
        with pytest.raises(DatabaseError):
            sql("SET statement_timeout = '10ms'; SELECT pg_sleep(5)")
        with pytest.raises(DatabaseError):
            sql("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '23505'; END $$")

    for _ in range(4):
        fails()

    assert breaker.state is CLOSED
    sql("RESET statement_timeout")


@pytest.mark.django_db(transaction=True)
def test_many_threads_that_find_the_server_away_are_all_told_soon(proxy: PostgresProxy):
    proxy.refusing = True

    def ask() -> int:
        return Category.objects.count()

    threads = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            ask()
        except OperationalError as error:
            errors.append(error)

    with within(5):
        threads = [threading.Thread(target=run) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len(errors) == 16
    assert {classify(error) for error in errors} <= {Trouble.CONNECTION, Trouble.BREAKER_OPEN}
    proxy.refusing = False
    breaker.reset()
    assert race([ask, ask]).values == [0, 0]
