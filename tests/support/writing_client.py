"""A customer who never rests, to see how long a database is away and what becomes of what it confirmed."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import psycopg

from backups.target import Target

TICKS = "test_ticks"
OUTAGE_S = 5.0
"""More than any swap takes, also where the machine is busy; how long it is on a quiet one is for tests.bench."""


class WritingClient:
    """A customer who writes a row about every ten milliseconds, connecting again whenever he is sent away."""

    def __init__(self, shop: Target) -> None:
        self._shop = shop
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="customer")
        self.confirmed: list[int] = []
        self.refusals: list[str] = []
        self.longest_outage_s = 0.0
        """From the last write before a refusal to the next one; a machine that is slow refuses nobody."""

    def __enter__(self) -> WritingClient:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _go_on(self) -> None:
        session, last, number, refused = None, time.monotonic(), 0, False
        while not self._stop.is_set():
            number += 1
            try:
                if session is None:
                    session = self._shop.connect()
                session.execute(f"INSERT INTO {TICKS} VALUES (%s)", [number])  # noqa: S608 - a constant
            except psycopg.Error as error:
                self.refusals.append(type(error).__name__)
                refused = True
                if session is not None:
                    session.close()
                session = None
                time.sleep(0.01)
                continue
            now = time.monotonic()
            if refused:
                self.longest_outage_s = max(self.longest_outage_s, now - last)
            last, refused = now, False
            self.confirmed.append(number)
            time.sleep(0.01)
        if session is not None:
            with suppress(psycopg.Error):
                session.close()


def make_ticks(target: Target) -> None:
    """Make the table that the customer writes to."""
    with target.connect() as session:
        session.execute(f"CREATE TABLE {TICKS} (number bigint)")


def ticks(target: Target) -> set[int]:
    """Return what the customer's writes left in a database."""
    with target.connect() as session:
        return {number for (number,) in session.execute(f"SELECT number FROM {TICKS}")}  # noqa: S608 - a constant
