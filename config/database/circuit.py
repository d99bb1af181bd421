"""The circuit breaker of this process: after a row of failures to connect nobody waits for the database any more.

    closed     every caller may connect; 5 failures within 30 s, with no answer between them, open it
    open       every caller is refused at once, for 5 s (and some jitter, so that many processes do not ask as one)
    half-open  one caller goes through as the probe; an answer of the server closes it, another failure opens it again

Only failures to connect and stalled lines count: a slow statement, a lock, a full pool or a constraint say nothing
about whether the server is there, and neither does a session that broke (connecting anew will tell). The state lives
in memory, never in the database, and a session that is open already is not touched. Made by hand because libraries wrap
a *call* as failed or not, whereas here connecting is what is refused and any answer on any connection is what heals.
"""

from __future__ import annotations

import enum
import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable

from config import databases
from config.database.errors import CircuitOpenError

logger = logging.getLogger(__name__)

WINDOW_S = 30.0
PROBE_LIFE_S = 5.0
"""A probe that never reported (its thread died, or it never asked anything) gives its turn away after this long."""


class BreakerState(enum.Enum):
    """What the breaker does with the next caller."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


Listener = Callable[[BreakerState, BreakerState], None]
"""Told (before, after) at every change, in the thread that caused it; must be quick and must not use the database."""


class CircuitBreaker:
    """Counts failures to connect in a row; safe to use from many threads."""

    def __init__(self, *, failures: int, cool_down_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._cool_down_s, self._clock = failures, cool_down_s, clock
        self._lock = threading.Lock()
        self._listeners: list[Listener] = []
        self._state = BreakerState.CLOSED
        self._lost_at: deque[float] = deque(maxlen=failures)
        self._closed_until = 0.0
        self.untroubled = True
        """Closed, and nothing was lost since the last answer: what every statement asks, so it is a plain attribute."""

    @property
    def state(self) -> BreakerState:
        """The state as the next caller would meet it."""
        return self._state

    def add_listener(self, listener: Listener) -> None:
        """Have ``listener`` told of every change from now on."""
        self._listeners.append(listener)

    def require_closed(self) -> None:
        """Let the caller connect, perhaps as the probe. Raises CircuitOpenError, within microseconds."""
        if self._is_closed():
            return
        with self._lock:
            now = self._clock()
            if self._is_closed():  # healed by somebody else meanwhile
                return
            if now < self._closed_until:
                raise CircuitOpenError("The database did not answer lately; it is asked again in a moment.")
            # Nobody else goes through until this one has reported or is overdue.
            self._closed_until = now + PROBE_LIFE_S
            changed = self._become(BreakerState.HALF_OPEN)
        self._tell(changed)

    def require_hope(self) -> None:
        """Let somebody who came through wait on for a connection. Raises CircuitOpenError when it opened meanwhile."""
        if self._state is BreakerState.OPEN:
            raise CircuitOpenError("The database cannot be reached.")

    def answered(self) -> None:
        """The server answered: what failed before no longer counts. Costs nothing while all is well."""
        if self.untroubled:
            return
        with self._lock:
            self._lost_at.clear()
            self.untroubled = True
            changed = self._become(BreakerState.CLOSED)
        self._tell(changed)

    def lost(self) -> None:
        """A connection could not be made, or the server stopped answering on one."""
        with self._lock:
            now = self._clock()
            self.untroubled = False
            self._lost_at.append(now)
            full = len(self._lost_at) == self._limit and now - self._lost_at[0] <= WINDOW_S
            if not full and self._state is not BreakerState.HALF_OPEN:
                return
            if self._state is not BreakerState.OPEN:
                self._closed_until = now + self._cool_down_s * random.uniform(1.0, 1.2)  # noqa: S311 - jitter
            changed = self._become(BreakerState.OPEN)
        self._tell(changed)

    def reset(self) -> None:
        """Forget everything, without telling anybody (for tests, and for a new process)."""
        with self._lock:
            self._lost_at.clear()
            self.untroubled = True
            self._state = BreakerState.CLOSED

    def _is_closed(self) -> bool:
        return self._state is BreakerState.CLOSED

    def _become(self, state: BreakerState) -> tuple[BreakerState, BreakerState]:
        before, self._state = self._state, state
        return before, state

    def _tell(self, changed: tuple[BreakerState, BreakerState]) -> None:
        before, after = changed
        if before is after:
            return
        level = logging.ERROR if after is BreakerState.OPEN else logging.WARNING
        logger.log(level, "database.breaker", extra={"before": before.value, "after": after.value})
        for listener in self._listeners:
            try:
                listener(before, after)
            except Exception:
                # Whoever watches must not break what is watched.
                logger.exception("database.breaker_listener_failed")


breaker = CircuitBreaker(failures=databases.BREAKER_FAILURES, cool_down_s=databases.BREAKER_COOL_DOWN_S)
"""The one of this process."""
