"""Against guessing passwords: for customers, staff and the API alike, since all of them call ``authenticate``.

Two limits. One e-mail from one address: django-axes counts in the database, for all web processes together, and locks
the pair for a while; staff see the locks and release them. One address with all e-mails: counted in the cache, wide,
because mobile networks put many people behind one address, and it never locks, it only slows down. ``THROTTLING=off``
switches both off; a cache that is away locks nobody out. See ADR 9.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from math import ceil
from typing import Any

from axes.backends import AxesStandaloneBackend
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.core import checks
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework.request import Request
from rest_framework.settings import api_settings

from config.problems import problem
from config.throttling import Rate, ScopedThrottle, count, take_back
from config.unavailable import wants_json
from shop.models import User

logger = logging.getLogger(__name__)

PER_ADDRESS = Rate(limit=100, window=600)
MAX_NAME = 254


class GuardedBackend(AxesStandaloneBackend, ModelBackend):  # type: ignore[misc]  # axes has no types
    """Django's own backend behind django-axes; one backend, so that ``login`` need not be told which."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **more: Any,
    ) -> User | None:
        """Return whose e-mail and password these are. A locked pair is refused before the password is looked at."""
        AxesStandaloneBackend.authenticate(self, request, username=username, password=password, **more)
        user = ModelBackend.authenticate(self, request, username=username, password=password, **more)
        return user if isinstance(user, User) else None


def seconds_to_wait(request: HttpRequest) -> int:
    """Count an attempt of this address; return 0 when it may go on, else after how many seconds to come back."""
    if not settings.THROTTLING:
        return 0
    try:
        verdict = count(_name(request), PER_ADDRESS, time.time())
    except Exception:
        logger.exception("login.cache_away")
        return 0
    return 0 if verdict.allowed else verdict.reset


def check_proxies(**_: object) -> list[checks.CheckMessage]:
    """Warn when all visitors would have the proxy's address: every limit would then be one for the whole shop."""
    if not getattr(settings, "SECURE_PROXY_SSL_HEADER", None) or api_settings.NUM_PROXIES != 0:
        return []
    hint = "Set TRUSTED_PROXIES to the number of proxies in front; one ends TLS (BEHIND_TLS_PROXY)."
    return [checks.Warning("Every visitor counts as the proxy.", hint=hint, id="shop.W002")]


def forgive(request: HttpRequest) -> None:
    """Take back the attempt that was just counted: the password was right."""
    if not settings.THROTTLING:
        return
    try:
        take_back(_name(request), PER_ADDRESS, time.time())
    except Exception:
        logger.exception("login.cache_away")


def forget_wrong_passwords(request: HttpRequest, email: str) -> None:
    """Forget what was counted for a pair whose password was right. A login by session does it by its own signal."""
    if settings.AXES_ENABLED:
        pair = {"username": login_name(request, {"email": email}), "ip_address": client_address(request)}
        AccessAttempt.objects.filter(**pair).delete()


def client_address(request: HttpRequest) -> str | None:
    """Return where a request comes from, as far as trusted proxies (TRUSTED_PROXIES) vouch for it; IPv6 by network."""
    address = ScopedThrottle().address(Request(request))
    return None if address == "unknown" else address


def login_name(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """Return the e-mail that was tried, in the one spelling that accounts have."""
    given = credentials or {}
    name = given.get("username") or given.get("email") or ""
    return str(name).strip().lower().replace("\0", "")[:MAX_NAME]


def locked_out(request: HttpRequest, response: HttpResponse, credentials: dict[str, Any] | None) -> HttpResponse:
    """Answer 429 for a locked pair, whether the password was right or not."""
    cool_off: timedelta = settings.AXES_COOLOFF_TIME
    seconds = ceil(cool_off.total_seconds())
    if wants_json(request):
        answer: HttpResponse = problem(
            429, f"Terlalu banyak percobaan. Coba lagi dalam {seconds // 60} menit.", retryAfter=seconds
        )
    else:
        answer = render(request, "errors/locked.html", {"minutes": seconds // 60}, status=429)
    answer["Retry-After"] = str(seconds)
    answer["Cache-Control"] = "no-store"
    return answer


def _name(request: HttpRequest) -> str:
    return f"login:{client_address(request)}"
