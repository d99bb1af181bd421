"""The connection of the shop: psycopg's, with a clock of its own on every wait, and an ear for the breaker.

``statement_timeout`` is the server's clock: when the line stalls, or the server's process stops, nobody rings it and
psycopg waits for ever. All of psycopg's waiting goes through ``Connection.wait`` (statements, COMMIT, ROLLBACK,
fetching from a server-side cursor, the pool's check), so the client's clock stands there: no thread, no signal, no
timer, and the same in every thread. See ADR 5.
"""

from __future__ import annotations

from typing import Any, Self, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import _WaitTimeout
from psycopg.pq import ConnStatus

from config import databases
from config.database.circuit import breaker
from config.database.errors import DeadlineExceededError
from config.deadline import time_left
from config.env import IS_COMMAND

RV = TypeVar("RV")

SHORTEST_CONNECT_S = 2.0
"""psycopg takes any shorter connect timeout for two seconds, as libpq does."""


class BoundedConnection(psycopg.Connection[Any]):
    """Waits for one answer at most ``ANSWER_TIMEOUT_S``, and never beyond the deadline of ``config.deadline``."""

    @classmethod
    def connect(cls, conninfo: str = "", **options: Any) -> Self:
        """Connect, within the deadline. Raises psycopg.OperationalError, DeadlineExceededError."""
        left = time_left()
        if left is not None:
            if left < SHORTEST_CONNECT_S:
                raise DeadlineExceededError("no time left to connect")
            options["connect_timeout"] = int(min(left, options.get("connect_timeout", databases.CONNECT_TIMEOUT_S)))
        try:
            return super().connect(conninfo, **options)
        except psycopg.OperationalError:
            breaker.lost()
            raise

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Do what psycopg does, until the answer, the deadline or ``timeout`` comes.

        Raises DeadlineExceededError and closes the connection: it is in the middle of a conversation that nobody will
        finish.
        """
        if timeout is not None:  # psycopg's own, while it cancels a statement
            return super().wait(gen, interval, timeout)
        limit, left = _answer_timeout(), time_left()
        if left is not None and (limit is None or left < limit):
            limit = left
        if limit is not None and limit <= 0:
            self.pgconn.finish()
            raise DeadlineExceededError("no time left to ask")
        try:
            answer = super().wait(gen, interval, limit)
        except _WaitTimeout:
            self.pgconn.finish()
            if limit is not None and limit * 1000 >= databases.STATEMENT_TIMEOUT_MS:
                # The server would have spoken by now. A shorter wait tells nothing: the request was late already.
                breaker.lost()
            raise DeadlineExceededError(f"no answer within {limit or 0:.1f} s") from None
        except psycopg.Error:
            # A session that broke says nothing yet: connecting anew will tell whether the server is there.
            if self.pgconn.status == ConnStatus.OK:
                breaker.answered()
            raise
        if not breaker.untroubled:
            breaker.answered()
        return answer


def _answer_timeout() -> float | None:
    if databases.IS_MIGRATION:
        return None
    return databases.COMMAND_ANSWER_TIMEOUT_S if IS_COMMAND else databases.ANSWER_TIMEOUT_S
