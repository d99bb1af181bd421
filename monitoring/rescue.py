"""Alerts that the outbox gave up on: by SMTP if there is one, and never in silence."""

from __future__ import annotations

import logging

from django.db.models import F
from django.utils import timezone

from config.mail import ShopMail, one_line
from config.models import MailState, OutgoingMail
from monitoring.alerts import KIND
from monitoring.models import UndeliveredAlert
from monitoring.smtp import SmtpNotConfiguredError, send_by_smtp

logger = logging.getLogger(__name__)

ATTEMPTS = 5


def rescue_alerts() -> int:
    """Take over the alerts that failed for good, and return how many SMTP took. Calls the network: no transaction.

    Each is noted before anything is sent; what nobody took is a fact for the admin's banner and for ``/metrics``.
    """
    for mail in OutgoingMail.objects.filter(kind=KIND, state=MailState.FAILED, undelivered_alert=None):
        UndeliveredAlert.objects.get_or_create(mail=mail, defaults={"noticed_at": timezone.now()})
        facts = {"key": mail.idempotency_key, "subject": mail.subject, "error": mail.last_error}
        logger.critical("alert.undelivered", extra=facts)
    waiting = UndeliveredAlert.objects.filter(
        mail__state=MailState.FAILED, smtp_sent_at=None, attempts__lt=ATTEMPTS,
    )  # fmt: skip
    return sum(_by_smtp(row) for row in waiting.select_related("mail").order_by("pk")[:20])


def _by_smtp(row: UndeliveredAlert) -> int:
    mail = row.mail
    rows = UndeliveredAlert.objects.filter(pk=row.pk)
    try:
        send_by_smtp(
            ShopMail(
                key=mail.idempotency_key,
                kind=mail.kind,
                to=mail.to,
                subject=mail.subject,
                text=mail.text,
                html=mail.html,
                from_email=mail.from_email,
            )
        )
    except SmtpNotConfiguredError:
        rows.update(error="no ALERT_SMTP_URL")
        return 0
    except (OSError, ValueError) as error:
        logger.exception("alert.smtp_failed", extra={"key": mail.idempotency_key})
        rows.update(attempts=F("attempts") + 1, error=one_line(f"{type(error).__name__}: {error}", 300))
        return 0
    rows.update(attempts=F("attempts") + 1, smtp_sent_at=timezone.now(), error="")
    logger.warning("alert.sent_by_smtp", extra={"key": mail.idempotency_key})
    return 1
