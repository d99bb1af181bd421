"""How often a caller may ask: one counter per scope and caller, in the cache that all web processes share."""

from __future__ import annotations

import ipaddress
import logging
import math
import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

logger = logging.getLogger(__name__)

_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "hour": 3600, "d": 86400, "day": 86400}


@dataclass(frozen=True)
class Rate:
    """``limit`` requests in any ``window`` seconds."""

    limit: int
    window: int

    @classmethod
    def of(cls, text: str) -> Rate:
        """Read ``60/min``."""
        limit, _, period = text.partition("/")
        return cls(int(limit), _SECONDS[period])


@dataclass(frozen=True)
class Verdict:
    """What a request was told; ``headers`` go on its answer, whatever that is."""

    allowed: bool
    rate: Rate
    remaining: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.rate.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }


class ScopedThrottle(BaseThrottle):
    """Counts by the view's ``throttle_scope``, per account or, for strangers, per address.

    A sliding window out of two counters: what the last window saw weighs as much as of it still counts. Requests
    that were refused are not counted. ``THROTTLING=off`` switches it off, for load tests. A cache that is away never
    closes the shop: then nothing is counted.
    """

    verdict: Verdict | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count the request, and say whether it may go on."""
        scope = getattr(view, "throttle_scope", "")
        if not settings.THROTTLING or not scope:
            return True
        rate = Rate.of(str(api_settings.DEFAULT_THROTTLE_RATES[scope]))
        try:
            self.verdict = count(f"throttle:{scope}:{self.caller(request)}", rate, time.time())
        except Exception:
            logger.exception("throttle.cache_away", extra={"scope": scope})
            return True
        view.rate_limit = self.verdict.headers
        return self.verdict.allowed

    def wait(self) -> float | None:
        """Return the seconds after which it may be tried again."""
        return self.verdict.reset if self.verdict else None

    def caller(self, request: Request) -> str:
        """Return who asks: the account, or the address as far as trusted proxies (NUM_PROXIES) vouch for it."""
        if request.user.is_authenticated:
            return f"user-{request.user.pk}"
        return self.address(request)

    def address(self, request: Request) -> str:
        """Return the address as far as trusted proxies vouch for it; of IPv6 the network of one household."""
        try:
            address = ipaddress.ip_address(str(self.get_ident(request)))
        except ValueError:
            return "unknown"
        if isinstance(address, ipaddress.IPv6Address):
            return str(ipaddress.ip_network((address, 64), strict=False).network_address)
        return str(address)


def count(name: str, rate: Rate, now: float) -> Verdict:
    """Count one request at ``now`` (seconds) and judge it."""
    index, passed = divmod(now, rate.window)
    earlier = int(cache.get(f"{name}:{int(index) - 1}") or 0)
    key = f"{name}:{int(index)}"
    cache.add(key, 0, timeout=2 * rate.window)
    try:
        here = cache.incr(key)
    except ValueError:
        here = 1  # dropped between the two lines
    weighed = earlier * (1 - passed / rate.window) + here
    if weighed <= rate.limit:
        return Verdict(True, rate, max(0, math.floor(rate.limit - weighed)), math.ceil(rate.window - passed))
    take_back(name, rate, now)
    return Verdict(False, rate, 0, _seconds_until_free(rate, earlier, here - 1, passed))


def first_within(name: str, seconds: int) -> bool:
    """Return whether nobody asked this under ``name`` in the last ``seconds``; yes as well when the cache is away."""
    try:
        return bool(cache.add(f"first:{name}", 1, seconds))
    except Exception:
        logger.exception("first_within.cache_away", extra={"name_asked": name})
        return True


def take_back(name: str, rate: Rate, now: float) -> None:
    """Uncount one request of this window."""
    try:
        cache.decr(f"{name}:{int(now // rate.window)}")
    except ValueError:
        logger.debug("throttle.counter_gone")


def forget(name: str, rate: Rate, now: float) -> None:
    """Forget every request under ``name`` that still counts."""
    index = int(now // rate.window)
    cache.delete_many([f"{name}:{index - 1}", f"{name}:{index}"])


def _seconds_until_free(rate: Rate, earlier: int, here: int, passed: float) -> int:
    """Return when one more request fits, if nobody asks until then."""
    if here < rate.limit and earlier:
        free_at = rate.window * (1 - (rate.limit - here - 1) / earlier)
        return max(1, math.ceil(free_at - passed))
    next_window = rate.window - passed
    return max(1, math.ceil(next_window + rate.window * (1 - (rate.limit - 1) / max(1, here))))
