"""How often a visitor may ask for something that sends a mail, tries a password or reads much: counters in the cache.

``THROTTLING=off`` switches it off; a cache that is away stops nobody. Mails have a second limit of their own, in the
database: their keys change only every few minutes (``mail_slot``), so a flood of requests is still one mail.
"""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

from config.throttling import Rate, ScopedThrottle, count

logger = logging.getLogger(__name__)

MAIL_SLOT_S = 300


@dataclass(frozen=True)
class Limit:
    """``scope`` names the counter; ``per_address`` bounds one network address, ``per_subject`` what is asked about."""

    scope: str
    per_address: Rate
    per_subject: Rate | None = None


PASSWORD_RESET = Limit("password-reset", Rate(20, 3600), Rate(5, 3600))
REGISTRATION = Limit("registration", Rate(20, 3600), Rate(5, 3600))
ORDER_LOOKUP = Limit("order-lookup", Rate(20, 3600), Rate(10, 3600))
ACCOUNT_LINK = Limit("account-link", Rate(20, 3600), Rate(5, 3600))
EMAIL_CHANGE = Limit("email-change", Rate(20, 3600), Rate(5, 3600))
EXPORT = Limit("export", Rate(20, 3600), Rate(5, 3600))
CANCEL_REQUEST = Limit("cancel-request", Rate(60, 3600), Rate(5, 3600))


def seconds_to_wait(request: HttpRequest, limit: Limit, subject: str = "") -> int:
    """Count a request; return 0 when it may go on, else after how many seconds to come back."""
    if not settings.THROTTLING:
        return 0
    # Not ``caller``: that asks DRF who is logged in, who knows nobody here and makes the whole request a stranger's.
    counters = [(f"{limit.scope}:{ScopedThrottle().address(Request(request))}", limit.per_address)]
    if limit.per_subject is not None and subject:
        digest = hashlib.sha256(subject.lower().encode()).hexdigest()[:16]
        counters.append((f"{limit.scope}:about:{digest}", limit.per_subject))
    try:
        verdicts = [count(name, rate, time.time()) for name, rate in counters]
    except Exception:
        logger.exception("limit.cache_away", extra={"scope": limit.scope})
        return 0
    return max((verdict.reset for verdict in verdicts if not verdict.allowed), default=0)


def mail_slot() -> int:
    """Return a number that changes every MAIL_SLOT_S seconds: the part of a mail's key that bounds its frequency."""
    return int(time.time()) // MAIL_SLOT_S
