"""How long a wait may last: one deadline for everything a request does, and a total limit for a blocking call."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

TIME_TO_RECORD_S = 1.0
"""What a call outside leaves of the deadline, so that its answer can still be written down."""

_ends_at: ContextVar[float | None] = ContextVar("deadline_ends_at", default=None)


class NotBegunError(TimeoutError):
    """The time was up before the call was made, so nothing was sent."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Let every wait of the block end ``seconds`` from now, or earlier if a deadline around it says so."""
    ends_at, outer = time.monotonic() + seconds, _ends_at.get()
    token = _ends_at.set(ends_at if outer is None else min(ends_at, outer))
    try:
        yield
    finally:
        _ends_at.reset(token)


def time_left() -> float | None:
    """Return the seconds until the deadline, below zero when it is over; None without one (commands, threads)."""
    ends_at = _ends_at.get()
    return None if ends_at is None else ends_at - time.monotonic()


def at_most(seconds: float) -> float:
    """Return ``seconds``, or what is left until the deadline if that is less; never below zero."""
    left = time_left()
    return seconds if left is None else max(0.0, min(seconds, left))


def run_within(seconds: float, work: Callable[[], T]) -> T:
    """Return what ``work`` returns, or raise what it raises; TimeoutError when ``seconds`` are over.

    ``requests`` limits each read only, so a dripping answer never ends; this does. ``work`` runs in a daemon thread
    and is left behind when the time is up, so it must not use the database and whatever it began may still take
    effect. The deadline around it counts, less the time to record the answer; NotBegunError when that is over.
    """
    left = time_left()
    if left is not None:
        seconds = min(seconds, left - TIME_TO_RECORD_S)
    if seconds <= 0:
        raise NotBegunError("no time left for the call")
    outcome: queue.SimpleQueue[tuple[bool, T | BaseException]] = queue.SimpleQueue()

    def run() -> None:
        try:
            outcome.put((True, work()))
        except BaseException as error:
            outcome.put((False, error))

    threading.Thread(target=run, name="deadline-call", daemon=True).start()
    try:
        done, value = outcome.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    if done:
        return value  # type: ignore[return-value]
    raise value  # type: ignore[misc]
