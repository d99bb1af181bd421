"""The system check of the mail settings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error


def check_mail_settings(
    *,
    app_configs: Iterable[AppConfig] | None = None,
    **kwargs: Any,
) -> list[CheckMessage]:
    """Check that Resend can be called at all: without a key the SDK would send ``Bearer None``, and only then fail."""
    found: list[CheckMessage] = []
    if not all("@" in address for address in [*settings.ALERT_EMAIL.split(","), *settings.ALERT_ESCALATION_EMAIL]):
        found.append(Error("ALERT_EMAIL and ALERT_ESCALATION_EMAIL take addresses.", id="config.E004"))
    if not re.fullmatch(r"(smtp(\+tls|\+ssl)?://[^/\s]+/?)?", settings.ALERT_SMTP_URL):
        found.append(Error("ALERT_SMTP_URL is smtp+tls://user:password@host:port, or empty.", id="config.E005"))
    if settings.MAIL_TEXT_DAYS < 1:
        found.append(Error("MAIL_TEXT_DAYS is a number of days from 1 up.", id="config.E006"))
    if not settings.EMAIL_BACKEND.endswith(".ResendBackend"):
        return found
    if not re.fullmatch(r"[!-~]+", settings.RESEND_API_KEY):
        found.append(Error("RESEND_API_KEY is empty or holds a space or line break.", id="config.E001"))
    if "@" not in settings.RESEND_FROM_EMAIL:
        found.append(Error("RESEND_FROM_EMAIL is not an address.", id="config.E002"))
    url = urlsplit(settings.RESEND_API_URL)
    if url.scheme != "https" and url.hostname not in {"127.0.0.1", "localhost", "::1"}:
        found.append(Error("RESEND_API_URL must begin with https://, or the key is readable.", id="config.E003"))
    return found
