"""A shared cache that hangs or is gone costs a request a moment, not its deadline."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
import redis

from config import cache as shop_cache
from config.cache import CacheAwayError, RedisCache
from config.processes import free_port


@pytest.fixture(autouse=True)
def _forget_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop_cache._Redis, "away_until", 0.0)
    monkeypatch.setattr(shop_cache, "WAIT_S", 0.2)


@pytest.fixture
def silent_server() -> Iterator[str]:
    """Yield the address of something that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def test_a_server_that_hangs_is_waited_for_once_and_then_not_asked(silent_server: str) -> None:
    cache = RedisCache(silent_server, {})
    started = time.monotonic()

    with pytest.raises(redis.TimeoutError):
        cache.get("a")
    for _ in range(50):
        with pytest.raises(CacheAwayError):
            cache.set("a", 1)

    assert time.monotonic() - started < 2


def test_a_server_that_is_gone_is_asked_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = RedisCache(f"redis://127.0.0.1:{free_port()}/0", {})
    monkeypatch.setattr(shop_cache, "AWAY_S", 0.0)

    for _ in range(2):
        with pytest.raises(redis.ConnectionError) as caught:
            cache.get("a")
        assert not isinstance(caught.value, CacheAwayError)
