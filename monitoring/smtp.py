"""The second way out for an alert, when Resend refuses it for good: plain SMTP by another provider."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend

from config.deadline import run_within
from config.mail import ShopMail

DEADLINE_S = 12.0


class SmtpNotConfiguredError(Exception):
    """ALERT_SMTP_URL is empty."""


def send_by_smtp(mail: ShopMail) -> None:
    """Send one mail through ALERT_SMTP_URL. Raises SmtpNotConfiguredError, or OSError (SMTPException is one).

    SMTP knows no idempotency; the Message-ID is the mail's key, so that a mail program may drop a second copy.
    """
    backend = _backend()
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    mail.extra_headers["Message-ID"] = f"<{mail.idempotency_key.replace('/', '.')}@{host}>"
    run_within(DEADLINE_S, lambda: backend.send_messages([mail]))


def _backend() -> EmailBackend:
    if not settings.ALERT_SMTP_URL:
        raise SmtpNotConfiguredError
    url = urlsplit(settings.ALERT_SMTP_URL)
    return EmailBackend(
        host=url.hostname,
        port=url.port or (465 if url.scheme == "smtp+ssl" else 587),
        username=unquote(url.username or ""),
        password=unquote(url.password or ""),
        use_tls=url.scheme == "smtp+tls",
        use_ssl=url.scheme == "smtp+ssl",
        timeout=10,
        fail_silently=False,
    )
