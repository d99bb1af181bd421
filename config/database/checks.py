"""The system check of the time limits: the innermost must be the first to speak."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from config import databases, web_server


def check_time_limits(**kwargs: Any) -> list[CheckMessage]:
    """Check that a lock gives up before a statement, that before the request, and that before the web server."""
    limits = [
        ("DATABASE_LOCK_TIMEOUT_S", databases.LOCK_TIMEOUT_MS / 1000),
        ("DATABASE_STATEMENT_TIMEOUT_S", databases.STATEMENT_TIMEOUT_MS / 1000),
        ("REQUEST_DEADLINE_S", settings.REQUEST_DEADLINE_S),
        ("the web server's own timeout", float(web_server.timeout)),
    ]
    return [
        Error(f"{name} ({value:g} s) must be above 0 and less than {outer} ({limit:g} s).", id="config.E007")
        for (name, value), (outer, limit) in pairwise(limits)
        if not 0 < value < limit
    ]
