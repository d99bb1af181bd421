"""What the fault tests share: a proxy to break, and a clock to hold against it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from config.database import breaker, health
from shop.models import Category
from tests.support.pg_proxy import PostgresProxy, through_proxy
from tests.support.races import background, end_session

A_MINUTE_AT_MOST = 60


@pytest.fixture
def proxy(transactional_db: None) -> Iterator[PostgresProxy]:
    """Every connection of the shop goes through this proxy."""
    with through_proxy() as proxy:
        yield proxy
    breaker.reset()


@pytest.fixture(autouse=True)
def no_memory_of_health(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look at the database stands for a second; not from one test to the next."""
    monkeypatch.setattr(health, "_last", None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail when the block takes longer; the bound of the contract, plus what a busy machine needs."""
    started = time.monotonic()
    yield
    took = time.monotonic() - started
    assert took < seconds, f"took {took:.2f} s"


class Shelf:
    """A body for ``unit_of_work``: writes one category, lets ``trouble(run)`` happen, changes it; counts its runs."""

    def __init__(self, trouble: Callable[[int], object] = lambda run: None) -> None:
        self.runs = 0
        self._trouble = trouble

    def __call__(self) -> str:
        self.runs += 1
        Category.objects.create(name=f"run {self.runs}", slug="shelf")
        self._trouble(self.runs)
        Category.objects.filter(slug="shelf").update(description="whole")
        return f"run {self.runs}"


def shelves() -> list[tuple[str, str]]:
    """Return what is there, as ``Shelf`` writes it."""
    return list(Category.objects.values_list("name", "description"))


def sql(statement: str) -> None:
    """Run one statement on the shop's own connection."""
    with connection.cursor() as cursor:
        cursor.execute(statement)


def own_pid() -> int:
    """Return the server's process of the shop's own connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def end_own_session() -> None:
    """Let an administrator end this connection's session."""
    pid = own_pid()
    background(lambda: end_session(pid)).result(A_MINUTE_AT_MOST)
