"""The Resend backend: one POST per mail, and what its refusals mean."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import resend
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from resend.exceptions import NoContentError, ResendError

from config.logging import redact
from config.mail.deadline_client import SEND_DEADLINE_S, DeadlineClient
from config.mail.errors import MailError, MailRejectedError, MailUnavailableError
from config.mail.message import ShopMail, html_of, key_of, one_line

_BUSY = frozenset({408, 425, 429})
_QUOTAS = frozenset({"daily_quota_exceeded", "monthly_quota_exceeded"})

resend.default_http_client = DeadlineClient(SEND_DEADLINE_S)


class ResendBackend(BaseEmailBackend):
    """Sends through Resend's API. A mail with a key is one mail however often it is sent within 24 hours."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send each message and return how many went out; stops at the first that does not."""
        sent = 0
        for message in email_messages:
            if not message.recipients():
                continue
            try:
                provider_id = send_by_resend(payload(message), key_of(message))
            except MailError:
                if not self.fail_silently:
                    raise
                continue
            if isinstance(message, ShopMail):
                message.provider_id = provider_id
            sent += 1
        return sent


def payload(message: EmailMessage) -> dict[str, Any]:
    """Return the body of Resend's request: the same message always gives the same bytes.

    Raises MailRejectedError for what a mail from the shop never has: attachments, or a line break in an address.
    """
    if message.attachments:
        raise MailRejectedError("Attachments are not supported.")
    headers = {name: value for name, value in message.extra_headers.items() if name != "Idempotency-Key"}
    lines = [message.subject, message.from_email, *message.recipients(), *message.reply_to, *headers.values()]
    if any("\r" in str(line) or "\n" in str(line) for line in lines):
        # The SDK would send them as they are, and what the receiving end makes of them is not ours to find out.
        raise MailRejectedError("A line break in an address, the subject or a header.")
    body: dict[str, Any] = {
        "from": message.from_email,
        "to": list(message.to),
        "subject": str(message.subject),
        "text": str(message.body),
    }
    optional = {
        "html": html_of(message),
        "cc": list(message.cc),
        "bcc": list(message.bcc),
        "reply_to": list(message.reply_to),
        "headers": headers,
    }
    return body | {name: value for name, value in optional.items() if value}


def send_by_resend(body: Mapping[str, Any], key: str) -> str:
    """Send one request and return Resend's id. Raises MailRejectedError or MailUnavailableError."""
    resend.api_key = settings.RESEND_API_KEY
    resend.api_url = settings.RESEND_API_URL
    options: resend.Emails.SendOptions = {"idempotency_key": key} if key else {}
    try:
        # Any, for the SDK hands on whatever JSON came, a list as well.
        answer: Any = resend.Emails.send(cast("resend.Emails.SendParams", dict(body)), options)
    except ResendError as error:
        # Not chained: the SDK's text may quote the request's headers, and with them the key.
        raise classify(error) from None
    except NoContentError:
        raise MailUnavailableError("Resend answered without content.") from None
    provider_id = answer.get("id") if isinstance(answer, dict) else None
    if not provider_id:
        raise MailUnavailableError("Resend's answer has no id; it may have taken the mail.")
    return one_line(str(provider_id), 200)


def classify(error: ResendError) -> MailError:
    """Turn an error of the SDK into ours, by its code and type; the SDK's class says little."""
    code = int(error.code) if str(error.code).isdigit() else 500
    name = str(error.error_type)
    text = _safe(f"{code} {name}: {error.message}")
    if code in _BUSY and name not in _QUOTAS:
        return MailUnavailableError(text, retry_after=_retry_after(error.headers), rate_limited=code == 429)
    if code >= 500 or name in {"HttpClientError", "concurrent_idempotent_requests"}:
        return MailUnavailableError(text, retry_after=_retry_after(error.headers))
    return MailRejectedError(text)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of ``Retry-After``, at most an hour; the form with a date is not used by Resend."""
    value = {name.lower(): value for name, value in headers.items()}.get("retry-after", "").strip()
    return min(float(value), 3600.0) if re.fullmatch(r"\d{1,6}(\.\d{1,3})?", value) else None


def _safe(text: str) -> str:
    """Return one line for ``last_error`` and the log, without the key."""
    if settings.RESEND_API_KEY:
        text = text.replace(settings.RESEND_API_KEY, "[redacted]")
    return one_line(redact(text), 300)
