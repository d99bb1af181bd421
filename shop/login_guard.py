"""How often a wrong password may be tried: few times for one e-mail from one address, more for all e-mails together.

Mobile networks put many people behind one address, so the second limit is wide. ``THROTTLING=off`` switches both off;
a cache that is away locks nobody out.
"""

from __future__ import annotations

import hashlib
import logging
import time

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

from config.throttling import Rate, ScopedThrottle, count, forget, take_back

logger = logging.getLogger(__name__)

PER_EMAIL = Rate(limit=10, window=600)
PER_ADDRESS = Rate(limit=100, window=600)


def seconds_to_wait(request: HttpRequest, email: str) -> int:
    """Count an attempt; return 0 when it may go on, else after how many seconds to come back."""
    if not settings.THROTTLING:
        return 0
    per_email, per_address = _names(request, email)
    try:
        verdicts = [count(per_email, PER_EMAIL, time.time()), count(per_address, PER_ADDRESS, time.time())]
    except Exception:
        logger.exception("login.cache_away")
        return 0
    return max((verdict.reset for verdict in verdicts if not verdict.allowed), default=0)


def forgive(request: HttpRequest, email: str) -> None:
    """Take back the attempt that was just counted, and the earlier ones for ``email``: the password was right."""
    if not settings.THROTTLING:
        return
    per_email, per_address = _names(request, email)
    try:
        forget(per_email, PER_EMAIL, time.time())
        take_back(per_address, PER_ADDRESS, time.time())
    except Exception:
        logger.exception("login.cache_away")


def _names(request: HttpRequest, email: str) -> tuple[str, str]:
    address = ScopedThrottle().caller(Request(request))
    digest = hashlib.sha256(email.lower().encode()).hexdigest()[:16]
    return f"login:{address}:{digest}", f"login:{address}"
