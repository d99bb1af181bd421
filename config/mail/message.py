"""A mail of the shop, and what both backends read from a message."""

from __future__ import annotations

import re
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection

from config.mail.errors import MailRejectedError

MAX_SUBJECT = 200
# Control characters, and the marks that turn the direction of writing: neither has a place in one line of
# text.
_NOT_ONE_LINE = re.compile("[\x00-\x20\x7f-\xa0\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


class ShopMail(EmailMultiAlternatives):
    """A mail with what a retry needs: a stable key. ``written_at`` and ``kind`` name the file in development.

    After a successful send ``provider_id`` says what the provider calls it.
    """

    def __init__(
        self,
        *,
        key: str,
        kind: str,
        to: str,
        subject: str,
        text: str,
        html: str = "",
        from_email: str = "",
        reply_to: str = "",
        written_at: datetime | None = None,
    ) -> None:
        super().__init__(
            subject=one_line(subject),
            body=text,
            from_email=from_email or settings.DEFAULT_FROM_EMAIL,
            to=[to],
            reply_to=[reply_to] if reply_to else None,
        )
        self.idempotency_key = key
        self.kind = kind
        self.written_at = written_at
        self.provider_id = ""
        if html:
            self.attach_alternative(html, "text/html")


def one_line(text: str, limit: int = MAX_SUBJECT) -> str:
    """Return ``text`` as one line of at most ``limit`` characters, without control and direction characters."""
    return _NOT_ONE_LINE.sub(" ", text).strip()[:limit].rstrip()


def send_now(mail: ShopMail) -> str:
    """Send one mail through the configured backend, within ``SEND_DEADLINE_S`` seconds, and return the
    provider's id.

    For the outbox, and for the one mail that cannot wait in a table: the alert that the database is away.
    Raises MailRejectedError or MailUnavailableError.
    """
    if not get_connection().send_messages([mail]):
        raise MailRejectedError("The mail has no recipient.")
    return mail.provider_id


def key_of(message: EmailMessage) -> str:
    """Return the idempotency key: the attribute of a ShopMail, or the header ``Idempotency-Key`` of any message."""
    return str(getattr(message, "idempotency_key", "") or message.extra_headers.get("Idempotency-Key", ""))


def html_of(message: EmailMessage) -> str:
    """Return the HTML part, or an empty string."""
    for content, mimetype in getattr(message, "alternatives", []):
        if mimetype == "text/html":
            return str(content)
    return ""
