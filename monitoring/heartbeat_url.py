"""The call to somebody outside who raises the alarm when the calls stop: cron dead, key revoked, machine gone."""

from __future__ import annotations

import logging

import requests
from django.conf import settings

from config.deadline import run_within
from config.plain_session import PlainSession

logger = logging.getLogger(__name__)

DEADLINE_S = 5.0


def ping() -> bool:
    """Call HEARTBEAT_URL, if there is one; only after a run in which everything was looked at and every alert left.

    A call that fails is a log line and no more: that it is missing is what the other side is for.
    """
    url = settings.HEARTBEAT_URL
    if not url:
        return False
    try:
        status = run_within(DEADLINE_S, lambda: _status(url))
    except (TimeoutError, requests.RequestException) as error:
        logger.warning("heartbeat_url.no_answer", extra={"error": type(error).__name__})
        return False
    if status >= 400:
        logger.warning("heartbeat_url.refused", extra={"status": status})
        return False
    return True


def _status(url: str) -> int:
    with PlainSession() as session, session.get(url, timeout=DEADLINE_S, stream=True) as answer:
        return answer.status_code  # of the body nothing is read
