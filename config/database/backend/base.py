"""Django's PostgreSQL backend with our connection in it, behind the breaker, and a pool that survives a restart."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import psycopg
from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base
from psycopg import IsolationLevel
from psycopg_pool import ConnectionPool, PoolTimeout

from config.database.circuit import breaker
from config.database.driver import BoundedConnection
from config.database.errors import DeadlineExceededError
from config.deadline import at_most, deadline

logger = logging.getLogger(__name__)

POOL_SLICE_S = 1.0
CHECK_S = 1.0
"""An empty statement takes no time; a line that needs this long for it is stalled."""


class DatabaseWrapper(base.DatabaseWrapper):
    """Connects within the deadline, or says at once that the breaker is open.

    Errors are psycopg's (and so become Django's, with ours as their cause): CircuitOpenError, DeadlineExceededError,
    PoolTimeout, or what connecting raised.
    """

    # Django's own, which the stubs do not know.
    _connection_pools: dict[str, ConnectionPool[BoundedConnection]]
    _configure_connection: Callable[[BoundedConnection], Any]

    @property
    def pool(self) -> ConnectionPool[BoundedConnection] | None:
        """The process's pool, as Django makes it, but of our connections, and checked by us (see ``_from_pool``)."""
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias == NO_DB_ALIAS or not options:
            return None
        if self.alias not in self._connection_pools:
            pool = ConnectionPool(
                kwargs=self.get_connection_params() | {"autocommit": True},
                connection_class=BoundedConnection,
                open=False,
                configure=self._configure_connection,
                **options,
            )
            self._connection_pools.setdefault(self.alias, pool)  # of two threads the first one wins
        return self._connection_pools[self.alias]

    def get_new_connection(self, conn_params: dict[str, Any]) -> BoundedConnection:
        """Return a connection that answers, from the pool or a new one."""
        breaker.require_closed()
        self.isolation_level = IsolationLevel(
            self.settings_dict["OPTIONS"].get("isolation_level", IsolationLevel.READ_COMMITTED),
        )
        pool = self.pool
        connection = self._from_pool(pool) if pool else BoundedConnection.connect(**conn_params)
        if "isolation_level" in self.settings_dict["OPTIONS"]:
            connection.isolation_level = self.isolation_level
        return connection

    def _from_pool(self, pool: ConnectionPool[BoundedConnection]) -> BoundedConnection:
        """Take a connection that still answers; the dead ones of a restart are thrown out without a pause.

        psycopg's own check waits ever longer after each dead one, which a pool full of them turns into a PoolTimeout
        although the server is back. Asking in slices has the pool try to connect again in each.
        """
        pool.open()
        give_up_at = time.monotonic() + at_most(pool.timeout)
        while (left := give_up_at - time.monotonic()) > 0:
            try:
                connection = pool.getconn(timeout=min(left, POOL_SLICE_S))
            except PoolTimeout:
                breaker.require_hope()
                continue
            if self._still_answers(connection, pool):
                return connection
            breaker.require_hope()
        raise PoolTimeout(f"no connection within {pool.timeout:g} s")

    def _still_answers(self, connection: BoundedConnection, pool: ConnectionPool[BoundedConnection]) -> bool:
        """Ask, and give the connection back if there is no answer."""
        answers = False
        try:
            with deadline(CHECK_S):
                ConnectionPool.check_connection(connection)
            answers = True
        except DeadlineExceededError:
            breaker.lost()
        except psycopg.Error as error:
            # It died while it lay idle, which says nothing of the server as it is now.
            logger.info("database.idle_connection_dead", extra={"error": type(error).__name__})
        finally:
            if not answers:
                pool.putconn(connection)
        return answers
