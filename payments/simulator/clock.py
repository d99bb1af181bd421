"""The simulator's clock and the one thread that runs what is due.

Moments are Unix seconds. The clock is the wall clock plus an offset that the control API moves forward, so it
agrees with the shop's clock until somebody says otherwise. ``time_scale`` shortens the waits that the gateway
chooses by itself (webhook retries, automatic settlement); deadlines promised to others are never scaled.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

logger = logging.getLogger(__name__)

WIB = timezone(timedelta(hours=7), "WIB")
# The wall clock may jump (a suspended laptop, NTP): never sleep longer than this without looking again.
LONGEST_SLEEP = 5.0


class Clock:
    """Now, as the simulator sees it."""

    def __init__(self, time_scale: float = 1.0) -> None:
        self.time_scale = time_scale
        self.offset = 0.0

    def now(self) -> float:
        return time.time() + self.offset

    def advance(self, seconds: float) -> None:
        self.offset += seconds

    def local_date(self) -> date:
        return datetime.fromtimestamp(self.now(), WIB).date()

    def scaled(self, seconds: float) -> float:
        """How long the gateway waits when it says ``seconds``."""
        return seconds / self.time_scale


def wib(moment: float) -> str:
    """``moment`` as Midtrans writes it: Jakarta time without an offset."""
    return datetime.fromtimestamp(moment, WIB).strftime("%Y-%m-%d %H:%M:%S")


def iso_utc(moment: float) -> str:
    """``moment`` as ISO 8601 with milliseconds and a Z."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Scheduler:
    """Runs short actions when the simulator's clock reaches their moment, one after the other."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._condition = threading.Condition()
        self._running_one = False
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def at(self, moment: float, action: Callable[[], None]) -> None:
        with self._condition:
            heapq.heappush(self._heap, (moment, next(self._numbers), action))
            self._condition.notify_all()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        self.at(self._clock.now() + seconds, action)

    def clear(self) -> None:
        with self._condition:
            self._heap.clear()

    def stop(self) -> None:
        with self._condition:
            self._stopped = True
            self._heap.clear()
            self._condition.notify_all()

    def catch_up(self, timeout: float = 5.0) -> bool:
        """Wait until nothing is overdue, after the clock was moved; False when it took too long."""
        with self._condition:
            self._condition.notify_all()
            return self._condition.wait_for(lambda: not self._running_one and not self._overdue(), timeout)

    def _overdue(self) -> bool:
        return bool(self._heap) and self._heap[0][0] <= self._clock.now()

    def _run(self) -> None:
        while (action := self._next()) is not None:
            try:
                action()
            except Exception:
                logger.exception("simulator.timer_failed")
            with self._condition:
                self._running_one = False
                self._condition.notify_all()

    def _next(self) -> Callable[[], None] | None:
        with self._condition:
            while not self._stopped:
                if self._overdue():
                    self._running_one = True
                    return heapq.heappop(self._heap)[2]
                pause = self._heap[0][0] - self._clock.now() if self._heap else LONGEST_SLEEP
                self._condition.wait(min(max(pause, 0.0), LONGEST_SLEEP))
            return None
