"""Sends webhooks the way Midtrans does: its time limit, its retry table, its treatment of redirects.

Every delivery and every attempt stays in the log. First attempts for one order id go out in the order in which they
were made, so that tests are repeatable; retries keep no order, as with the real one.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random
from urllib.parse import urljoin

import requests

from payments.simulator.clock import Clock, Scheduler, iso_utc
from payments.simulator.errors import ControlError
from payments.simulator.faults import Fault, FaultBoard
from payments.simulator.settings import Settings, is_web_address
from payments.simulator.web import JSON

INTERVALS = tuple(minutes * 60.0 for minutes in (2, 10, 30, 90, 210))
JITTER = (0.25, 1.25)  # a first retry has been seen after 33 s instead of 2 minutes
MOST_RETRIES = len(INTERVALS)
MOST_HOPS = 5
ORDER_PATIENCE = 1.0  # how long a webhook waits for the one before it
KEPT = 20_000
HEADERS = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "Veritrans"}


def retries_allowed(status: int | None) -> int:
    """How many retries Midtrans grants after this answer; None is a timeout or no connection."""
    if status is not None and 200 <= status < 300:
        return 0
    table = {500: 1, 503: 4, 400: 2, 404: 2, 301: 0, 302: 0, 303: 0}
    return table.get(status, MOST_RETRIES) if status is not None else MOST_RETRIES


@dataclass
class Delivery:
    """One webhook to one URL, with everything that was tried."""

    id: int
    order_id: str
    transaction_id: str
    transaction_status: str
    url: str
    body: str
    created_at: float
    encoding: str = "utf-8"
    state: str = "queued"  # delayed, parked, dropped, retrying, delivered, failed
    next_attempt_at: float | None = None
    attempts: list[JSON] = field(default_factory=list)
    resend_of: int | None = None
    settled: threading.Event = field(default_factory=threading.Event, repr=False)  # first attempt over, or none due

    def view(self) -> JSON:
        shown = {name: value for name, value in vars(self).items() if name != "settled"}
        for name in ("created_at", "next_attempt_at"):
            shown[name] = None if shown[name] is None else iso_utc(shown[name])
        return shown


class Deliveries:
    """The delivery log and the threads behind it."""

    def __init__(self, settings: Settings, clock: Clock, scheduler: Scheduler, faults: FaultBoard, rng: Random) -> None:
        self._settings = settings
        self._clock = clock
        self._scheduler = scheduler
        self._faults = faults
        self._rng = rng
        self._numbers = itertools.count(1)
        self._log: dict[int, Delivery] = {}
        self._parked: dict[str, list[Delivery]] = {}
        self._tails: dict[str, threading.Event] = {}
        self._changed = threading.Condition()
        self._in_flight = 0
        self._generation = 0

    def record(
        self, *, order_id: str, transaction_id: str, transaction_status: str, url: str, body: str,
        encoding: str = "utf-8", resend_of: int | None = None,
    ) -> Delivery:  # fmt: skip
        """Write a delivery into the log; nothing is sent yet."""
        with self._changed:
            delivery = Delivery(
                next(self._numbers), order_id, transaction_id, transaction_status, url, body, self._clock.now(),
                encoding=encoding, resend_of=resend_of,
            )  # fmt: skip
            self._log[delivery.id] = delivery
            if len(self._log) > KEPT:
                del self._log[next(iter(self._log))]
        return delivery

    def drop(self, delivery: Delivery) -> None:
        delivery.state = "dropped"
        delivery.settled.set()

    def park(self, delivery: Delivery) -> None:
        """Keep it back until the next webhook of the same order id has gone out."""
        delivery.state = "parked"
        delivery.settled.set()
        with self._changed:
            self._parked.setdefault(delivery.order_id, []).append(delivery)

    def unpark(self, order_id: str) -> list[Delivery]:
        with self._changed:
            return self._parked.pop(order_id, [])

    def delay(self, delivery: Delivery, seconds: float) -> None:
        delivery.state = "delayed"
        delivery.next_attempt_at = self._clock.now() + seconds
        delivery.settled.set()
        self._scheduler.after(seconds, partial(self.start, [delivery]))

    def start(self, copies: Sequence[Delivery], *, hold: Fault | None = None) -> None:
        """Send ``copies`` now and at the same time, after whatever went out before for that order id."""
        with self._changed:
            generation = self._generation
            tails = {copy.order_id: self._tails.get(copy.order_id) for copy in copies}
            for delivery in copies:
                before = tails[delivery.order_id]
                if hold is None:
                    self._tails[delivery.order_id] = delivery.settled
                else:
                    delivery.settled.set()
                self._in_flight += 1
                self._thread(partial(self._first_attempt, delivery, before, hold, generation))

    def resend(self, delivery_id: int) -> Delivery:
        """Send the same body to the same URL again, as the dashboard's button does."""
        old = self.get(delivery_id)
        delivery = self.record(
            order_id=old.order_id, transaction_id=old.transaction_id, transaction_status=old.transaction_status,
            url=old.url, body=old.body, encoding=old.encoding, resend_of=old.id,
        )  # fmt: skip
        self.start([delivery])
        return delivery

    def get(self, delivery_id: int) -> Delivery:
        try:
            return self._log[delivery_id]
        except KeyError:
            raise ControlError(404, f"No delivery {delivery_id}.") from None

    def all(self) -> list[Delivery]:
        with self._changed:
            return list(self._log.values())

    def wait(self, ids: Iterable[int], timeout: float) -> bool:
        """Wait until the first attempt of each is over; False when ``timeout`` came first."""
        deadline = time.monotonic() + timeout
        waited = [self.get(number).settled.wait(max(deadline - time.monotonic(), 0)) for number in ids]
        return all(waited)

    def wait_idle(self, timeout: float) -> bool:
        """Wait until nothing is on the wire; False when ``timeout`` came first."""
        with self._changed:
            return self._changed.wait_for(lambda: self._in_flight == 0, timeout)

    def clear(self, timeout: float = 5.0) -> bool:
        """Forget everything, retries included, and wait for attempts that are on the wire."""
        with self._changed:
            self._generation += 1
            self._log.clear()
            self._parked.clear()
            self._tails.clear()
        return self.wait_idle(timeout)

    def _thread(self, work: partial[None]) -> None:
        threading.Thread(target=work, name="webhook", daemon=True).start()

    def _first_attempt(
        self, delivery: Delivery, before: threading.Event | None, hold: Fault | None, generation: int
    ) -> None:
        try:
            if before is not None:
                before.wait(ORDER_PATIENCE)
            if hold is not None:
                self._landed()  # at a barrier is not on the wire
                self._faults.wait(hold)
                self._took_off()
            self._attempt(delivery, generation)
        finally:
            delivery.settled.set()
            with self._changed:
                if self._tails.get(delivery.order_id) is delivery.settled:
                    del self._tails[delivery.order_id]
            self._landed()

    def _retry(self, delivery: Delivery, generation: int) -> None:
        """Runs in the scheduler's thread, which must not wait for an answer."""

        def send() -> None:
            try:
                self._attempt(delivery, generation)
            finally:
                self._landed()

        self._took_off()
        self._thread(partial(send))

    def _took_off(self) -> None:
        with self._changed:
            self._in_flight += 1

    def _landed(self) -> None:
        with self._changed:
            self._in_flight -= 1
            self._changed.notify_all()

    def _attempt(self, delivery: Delivery, generation: int) -> None:
        if generation != self._generation:
            return
        delivery.next_attempt_at = None
        began, started = self._clock.now(), time.monotonic()
        status, error = _post(delivery.url, delivery.body.encode(delivery.encoding), self._settings.webhook_timeout)
        took = round((time.monotonic() - started) * 1000)
        with self._changed:
            if generation != self._generation:
                return
            delivery.attempts.append({"at": iso_utc(began), "status": status, "error": error, "ms": took})
            tried = len(delivery.attempts) - 1
            if status is not None and 200 <= status < 300:
                delivery.state = "delivered"
            elif tried >= retries_allowed(status):
                delivery.state = "failed"
            else:
                pause = self._clock.scaled(INTERVALS[tried] * self._rng.uniform(*JITTER))
                delivery.state, delivery.next_attempt_at = "retrying", self._clock.now() + pause
                self._scheduler.after(pause, partial(self._retry, delivery, generation))


def _post(url: str, body: bytes, timeout: float) -> tuple[int | None, str | None]:
    """Post once, following 307 and 308 by posting again; the last status, or why there is none."""
    try:
        with requests.Session() as session:
            session.trust_env = False  # never through a proxy: the shop is on this machine
            for hops in range(MOST_HOPS + 1):
                with session.post(
                    url, data=body, headers=HEADERS, timeout=timeout, allow_redirects=False, stream=True
                ) as answer:
                    status, location = answer.status_code, answer.headers.get("Location", "")
                url = urljoin(url, location)
                if status not in {307, 308}:
                    return status, None
                if not is_web_address(url) or hops == MOST_HOPS:
                    return status, f"not followed after {hops} redirects"
    except requests.RequestException as error:
        return None, type(error).__name__
    raise AssertionError
