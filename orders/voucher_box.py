"""The box for a voucher's code, on the cart and on the review page: what it was told, for the page that follows."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import asdict, dataclass

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from rest_framework.request import Request

from config.throttling import Rate, ScopedThrottle, count

logger = logging.getLogger(__name__)

CODE_BOX, VOUCHER = "#id_kode", "#voucher"
TRIES = Rate(limit=20, window=600)  # codes that nobody made, from one address
_SESSION_KEY = "voucher_refused"
_MOST_LETTERS = 40


@dataclass(frozen=True)
class Refusal:
    """What was typed, and why it is not taken."""

    typed: str
    text: str


def keep_refusal(session: SessionBase, typed: str, text: str) -> None:
    """Let the next page say why a code is not taken, with what was typed still in the box."""
    session[_SESSION_KEY] = asdict(Refusal(typed[:_MOST_LETTERS], text))


def take_refusal(session: SessionBase) -> Refusal | None:
    """Return the last refusal, once; no write where there is none."""
    if _SESSION_KEY not in session:
        return None
    stored = session.pop(_SESSION_KEY)
    return Refusal(str(stored.get("typed", "")), str(stored.get("text", "")))


def too_many_tries(request: HttpRequest) -> str:
    """Count a code that nobody made; return what to say when its sender has tried too many, else nothing."""
    if not settings.THROTTLING:
        return ""
    try:
        verdict = count(f"voucher:{ScopedThrottle().caller(Request(request))}", TRIES, time.time())
    except Exception:
        logger.exception("voucher.cache_away")
        return ""
    if verdict.allowed:
        return ""
    return f"Terlalu banyak kode dicoba. Coba lagi dalam {math.ceil(verdict.reset / 60)} menit."
