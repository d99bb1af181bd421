"""``Idempotency-Key`` of Core POSTs, with its documented oddities.

Keys live five minutes and are global: the stored answer comes back whatever the new path or body is. Only successful
answers are stored, keys over 46 characters are ignored, and a copy of a call that is still running gets 202.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from payments.simulator.clock import Clock
from payments.simulator.web import Reply, json_reply

LONGEST_KEY = 46
KEPT_FOR = 300.0


@dataclass
class _Entry:
    until: float
    reply: Reply | None  # None while the first call is running


class IdempotencyKeys:
    """The answers kept by key."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}

    def claim(self, key: str) -> Reply | None:
        """None: the caller goes ahead and must ``finish``. Else the answer to give instead."""
        now = self._clock.now()
        with self._lock:
            self._entries = {name: entry for name, entry in self._entries.items() if entry.until > now}
            entry = self._entries.get(key)
            if entry is None:
                self._entries[key] = _Entry(now + KEPT_FOR, None)
                return None
        if entry.reply is None:
            message = "The request with the same idempotency key is still in progress"
            return json_reply(202, {"status_code": "202", "status_message": message})
        return entry.reply

    def finish(self, key: str, reply: Reply | None) -> None:
        """Store a successful answer; ``None`` frees the key."""
        with self._lock:
            if reply is None:
                self._entries.pop(key, None)
            else:
                self._entries[key] = _Entry(self._clock.now() + KEPT_FOR, reply)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()


def usable(key: str) -> bool:
    return 0 < len(key) <= LONGEST_KEY
