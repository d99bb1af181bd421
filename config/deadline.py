"""A total time limit for a blocking call. ``requests`` limits each read only, so a dripping answer never ends."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def run_within(seconds: float, work: Callable[[], T]) -> T:
    """Return what ``work`` returns, or raise what it raises; TimeoutError when ``seconds`` are over.

    ``work`` runs in a daemon thread and is left behind when the time is up, so it must not use the database and
    whatever it began may still take effect.
    """
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
