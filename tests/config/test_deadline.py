"""One deadline for a request: what is left of it, who shares it, and what a call outside gets of it."""

from __future__ import annotations

import threading

import pytest

from config.deadline import TIME_TO_RECORD_S, NotBegunError, at_most, deadline, run_within, time_left


def test_without_a_deadline_a_wait_is_as_long_as_it_wants():
    assert time_left() is None
    assert at_most(100) == 100


def test_within_a_deadline_a_wait_gets_what_is_left():
    with deadline(5):
        assert 4 < at_most(100) <= 5
        assert at_most(1) == 1


def test_an_inner_deadline_may_be_shorter_and_never_longer():
    with deadline(5):
        with deadline(60):
            assert at_most(100) <= 5
        with deadline(1):
            assert at_most(100) <= 1
        assert at_most(100) > 4


def test_a_deadline_that_is_over_leaves_nothing():
    with deadline(-1):
        assert at_most(100) == 0
        assert (time_left() or 0) < 0


def test_a_thread_of_its_own_has_no_deadline():
    seen = []
    with deadline(5):
        thread = threading.Thread(target=lambda: seen.append(time_left()))
        thread.start()
        thread.join()

    assert seen == [None]


def test_a_call_outside_leaves_time_to_record_its_answer():
    release = threading.Event()
    with deadline(TIME_TO_RECORD_S + 0.1):
        with pytest.raises(TimeoutError):
            run_within(30, release.wait)

        assert 0 < (time_left() or 0) <= TIME_TO_RECORD_S
    release.set()


def test_a_call_that_could_not_be_recorded_is_not_made():
    made = []
    with deadline(TIME_TO_RECORD_S / 2), pytest.raises(NotBegunError):
        run_within(30, lambda: made.append(1))

    assert made == []


def test_without_a_deadline_a_call_has_its_own_limit_only():
    assert run_within(5, lambda: "answer") == "answer"
    with pytest.raises(ZeroDivisionError):
        run_within(5, lambda: 1 // 0)
