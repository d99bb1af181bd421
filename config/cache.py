"""The shared cache, where CACHE_URL names a Redis: it may be slow or away, and costs a request a second at most.

Callers go on without it (nothing that is sold or owed lives there), so what matters is how soon they learn.
"""

from __future__ import annotations

import time
from typing import Any

import redis
from django.core.cache.backends.redis import RedisCache as DjangoRedisCache
from django.core.cache.backends.redis import RedisCacheClient
from redis.backoff import NoBackoff
from redis.retry import Retry

WAIT_S = 1.0
"""For a connection, and for an answer. The client's own default is for ever, and then it tries three times more."""
AWAY_S = 5.0
"""After a failure nobody in this process asks again for so long."""


class CacheAwayError(redis.ConnectionError):
    """The server did not answer a moment ago and is not asked now."""


class _Redis(redis.Redis):
    """A client that remembers, for the whole process, when the server last failed."""

    away_until = 0.0

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Ask the server. Raises CacheAwayError without asking for AWAY_S after it failed."""
        if time.monotonic() < _Redis.away_until:
            raise CacheAwayError("The cache did not answer a moment ago.")
        try:
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except (redis.ConnectionError, redis.TimeoutError):
            _Redis.away_until = time.monotonic() + AWAY_S
            raise


class _Client(RedisCacheClient):
    def __init__(self, servers: list[str], **options: Any) -> None:
        limits: dict[str, Any] = {
            "socket_connect_timeout": WAIT_S,
            "socket_timeout": WAIT_S,
            "retry": Retry(NoBackoff(), 0),
        }
        super().__init__(servers, **(limits | options))
        self._client = _Redis


class RedisCache(DjangoRedisCache):
    """Django's Redis cache with limits. Raises redis.ConnectionError or redis.TimeoutError, both quickly."""

    def __init__(self, server: str | list[str], params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _Client
