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

from config.throttling import Rate, ScopedThrottle, Verdict, count, take_back

logger = logging.getLogger(__name__)

CODE_BOX, VOUCHER = "#id_kode", "#voucher"
TRIES = Rate(limit=30, window=600)  # codes that nobody made, from one address
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


def seconds_to_wait(request: HttpRequest) -> int:
    """Return 0 while codes from this address are looked at, else after how many seconds they are again.

    Asked before a code is, and for every code: if a right one were still taken, guessing would have no limit.
    """
    verdict = _count(request)
    if verdict is None:
        return 0
    if verdict.allowed:
        take_back(_name(request), TRIES, time.time())  # it was only a question
        return 0
    return verdict.reset


def count_unknown(request: HttpRequest) -> None:
    """Count a code that nobody made."""
    _count(request)


def too_many(seconds: int) -> str:
    """Return what to say to whoever has to wait."""
    return f"Terlalu banyak kode dicoba. Coba lagi dalam {math.ceil(seconds / 60)} menit."


def _count(request: HttpRequest) -> Verdict | None:
    """Count one; None where nothing is counted, also while the cache is away."""
    if not settings.THROTTLING:
        return None
    try:
        return count(_name(request), TRIES, time.time())
    except Exception:
        logger.exception("voucher.cache_away")
        return None


def _name(request: HttpRequest) -> str:
    return f"voucher:{ScopedThrottle().address(Request(request))}"
