"""A customer who never rests, to see how long a database is away and what becomes of what it confirmed."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import psycopg

from backups.target import Target

TICKS = "test_ticks"
OUTAGE_S = 2.0
"""The longest that a swap may keep a customer from writing."""
_PAUSE_S = 0.003


class WritingClient:
    """A customer who commits a row every few milliseconds; sent away, he is back at once. His rows have numbers."""

    def __init__(self, shop: Target, *, first: int = 1) -> None:
        self._shop, self._first = shop, first
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="customer")
        self.confirmed: list[int] = []
        self.refusals: list[str] = []
        self.longest_outage_s = 0.0
        """The longest time between two successful commits with a refusal between them: how long he was kept out."""
        self.longest_gap_s = 0.0
        """The longest time between any two: a machine that is slow refuses nobody, but it counts here."""

    def __enter__(self) -> WritingClient:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def account(self) -> str:
        """Return what he went through, in words."""
        return (
            f"outage {self.longest_outage_s * 1000:.0f} ms, longest gap {self.longest_gap_s * 1000:.0f} ms,"
            f" {len(self.confirmed)} commits, {len(self.refusals)} refusals: {sorted(set(self.refusals))}"
        )

    def _go_on(self) -> None:
        session, last, number, refused = None, time.monotonic(), self._first - 1, False
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
                else:
                    time.sleep(_PAUSE_S)  # the server refuses faster than it can be asked
                continue
            now = time.monotonic()
            gap = now - last
            self.longest_gap_s = max(self.longest_gap_s, gap)
            if refused:
                self.longest_outage_s = max(self.longest_outage_s, gap)
            last, refused = now, False
            self.confirmed.append(number)
            time.sleep(_PAUSE_S)
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
