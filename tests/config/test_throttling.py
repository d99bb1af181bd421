"""The counter of the throttle, and what it says on the way."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import RequestFactory, override_settings
from rest_framework.request import Request
from rest_framework.settings import api_settings

from config.throttling import Rate, ScopedThrottle, Verdict, count

RATE = Rate(10, 60)
START = 1_000_000 * 60.0  # the beginning of a window


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()
    yield
    cache.clear()


def ask(times: int, at: float) -> list[Verdict]:
    return [count("someone", RATE, START + at) for _ in range(times)]


def test_the_eleventh_request_waits():
    answers = ask(11, at=5)

    assert [answer.allowed for answer in answers] == [True] * 10 + [False]
    assert answers[0].headers == {"RateLimit-Limit": "10", "RateLimit-Remaining": "9", "RateLimit-Reset": "55"}
    assert answers[10].remaining == 0


def test_a_new_window_does_not_double_the_rate():
    ask(10, at=59)

    assert [answer.allowed for answer in ask(2, at=61)] == [False, False]


def test_what_was_refused_is_not_counted():
    ask(50, at=0)

    assert sum(answer.allowed for answer in ask(10, at=119)) == 9


@pytest.mark.parametrize(("before", "at"), [(10, 59.0), (10, 3.0), (4, 59.0)])
def test_after_the_wait_that_is_told_one_more_goes(before, at):
    ask(before, at=at)
    refused = next(answer for answer in ask(20, at=at + 2) if not answer.allowed)

    assert count("someone", RATE, START + at + 2 + refused.reset).allowed


def test_others_are_counted_apart():
    ask(11, at=0)

    assert count("someone-else", RATE, START).allowed


@override_settings(THROTTLING=True)
def test_a_cache_that_is_away_closes_nothing(monkeypatch):
    def away(*_arguments, **_options):
        raise ConnectionError("no cache")

    monkeypatch.setattr("config.throttling.count", away)
    view = type("View", (), {"throttle_scope": "token"})()

    assert ScopedThrottle().allow_request(Request(RequestFactory().get("/")), view)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "caller"),
    [
        (0, "6.6.6.6", "10.0.0.1"),
        (1, "6.6.6.6, 9.9.9.9", "9.9.9.9"),
        (2, "6.6.6.6, 9.9.9.9, 10.0.0.2", "9.9.9.9"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        (1, "nonsense", "unknown"),
    ],
)
def test_only_trusted_proxies_say_who_calls(monkeypatch, proxies, forwarded, caller):
    monkeypatch.setattr(api_settings, "NUM_PROXIES", proxies)
    request = Request(RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=forwarded))

    assert ScopedThrottle().caller(request) == caller
