"""Races: real threads on real connections that start at one barrier, and ways to stop one of them at a lock.

Every statement that failed is remembered by its SQLSTATE, also when the code under test tried again: so a test can say
that there was no deadlock at all, not only that none was left over.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import connection, connections, transaction

E = TypeVar("E", bound=Exception)
PATIENCE_S = 60.0


@dataclass
class Outcome:
    """What became of one call: its value or its error, and the SQLSTATEs of its statements that failed."""

    value: Any = None
    error: Exception | None = None
    sqlstates: list[str] = field(default_factory=list)


class Outcomes(list[Outcome]):
    """The outcomes of a race, in the order of its calls."""

    @property
    def values(self) -> list[Any]:
        """What the calls returned that did not raise."""
        return [outcome.value for outcome in self if outcome.error is None]

    @property
    def errors(self) -> list[Exception]:
        return [outcome.error for outcome in self if outcome.error is not None]

    @property
    def sqlstates(self) -> Counter[str]:
        """The SQLSTATEs of all statements that failed, those that were tried again included."""
        return Counter(state for outcome in self for state in outcome.sqlstates)

    def refusals(self, kind: type[E]) -> list[E]:
        """Return the errors, all of which must be of one kind."""
        others = [error for error in self.errors if not isinstance(error, kind)]
        assert others == [], f"unexpected: {others}"
        return [error for error in self.errors if isinstance(error, kind)]


def race(calls: Sequence[Callable[[], Any]], *, timeout: float = PATIENCE_S) -> Outcomes:
    """Run all calls at once, each in a thread with a connection of its own that is open before the start."""
    barrier = threading.Barrier(len(calls))
    outcomes = Outcomes(Outcome() for _ in calls)

    def run(outcome: Outcome, call: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(timeout)
            with connection.execute_wrapper(_Remembering(outcome.sqlstates)):
                outcome.value = call()
        except Exception as error:
            outcome.error = error
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=run, args=(outcome, call), daemon=True)
        for outcome, call in zip(outcomes, calls, strict=True)
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + timeout
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
        assert not thread.is_alive(), f"a call did not end within {timeout:g} s"
    return outcomes


class _Remembering:
    """Notes the SQLSTATE of every statement that fails, and lets the error through."""

    def __init__(self, sqlstates: list[str]) -> None:
        self.sqlstates = sqlstates

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        try:
            return execute(sql, params, many, context)
        except Exception as error:
            self.sqlstates.append(getattr(error.__cause__, "sqlstate", None) or type(error).__name__)
            raise


def background(call: Callable[[], Any]) -> Future[Any]:
    """Run one call in a thread with a connection of its own; ``.result(timeout)`` is its value or raises its error."""
    future: Future[Any] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)
        finally:
            connections.close_all()

    threading.Thread(target=run, daemon=True).start()
    return future


@contextmanager
def held_open(body: Callable[[], Any]) -> Iterator[Callable[[], None]]:
    """Run ``body`` in another connection's transaction, and keep it open for the block; yields what commits it."""
    done, may_end = threading.Event(), threading.Event()

    def run() -> None:
        try:
            with transaction.atomic():
                body()
                done.set()
                assert may_end.wait(PATIENCE_S)
        finally:
            done.set()

    def commit() -> None:
        may_end.set()
        future.result(PATIENCE_S)

    future = background(run)
    assert done.wait(PATIENCE_S)
    try:
        yield commit
    finally:
        commit()


def wait_until_blocked(count: int = 1, *, unless: Future[Any] | None = None, timeout: float = 10.0) -> list[int]:
    """Wait until ``count`` sessions of this database wait for others' locks; their process ids. No event tells that.

    Also ends when the call ``unless`` is done, where a test does not mind whether it has to wait.
    """
    deadline = time.monotonic() + timeout
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pid FROM pg_stat_activity"
                " WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0",
            )
            blocked = [pid for (pid,) in cursor.fetchall()]
        if len(blocked) >= count or (unless is not None and unless.done()):
            return blocked
        assert time.monotonic() < deadline, f"{len(blocked)} of {count} sessions wait for a lock"
        time.sleep(0.01)


def end_session(pid: int) -> None:
    """End one session of our own role, as an administrator would, and wait until it is gone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
        assert cursor.fetchone() == (True,)
