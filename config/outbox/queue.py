"""Writing mails into the outbox, and looking at it."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Min, Q
from django.db.models.functions import Now

from config.database import database_now
from config.mail import one_line
from config.mail.nudge import nudge
from config.models import MailState, OutgoingMail

logger = logging.getLogger(__name__)

DUE = Q(state=MailState.PENDING, next_attempt_at__lte=Now()) | Q(state=MailState.SENDING, lease_until__lte=Now())
"""What a sender may take: mails whose time has come, and mails that another sender took and died with."""
_KEY = re.compile(r"[!-~]{1,256}")


@dataclass(frozen=True)
class QueueState:
    """Facts for monitors: how many mails wait, for how long the oldest of them does (seconds), how many failed."""

    waiting: int
    oldest_waiting_s: float
    failed: int


def queue_mail(
    *,
    kind: str,
    to: str,
    subject: str,
    text: str,
    html: str,
    key: str,
    reference: str = "",
    reply_to: str = "",
) -> bool:
    """Put one mail into the outbox, in the caller's transaction; True if it is new.

    ``key`` names the mail for ever (``order_paid/ORD-...``): the same key never makes a second one, whatever
    its text. The sender's address is frozen with it. Raises RuntimeError outside a transaction, where the
    mail could survive a cause that failed, and ValueError for a key that is no header value (printable ASCII,
    at most 256 characters).
    """
    if not connection.in_atomic_block:
        raise RuntimeError("queue_mail() needs the transaction of its cause.")
    if not _KEY.fullmatch(key):
        raise ValueError(f"Not an idempotency key: {key!r}.")
    # An odd address must not cost the order it belongs to: it goes on one line, and Resend's refusal is a fact.
    values: dict[str, str | int] = {
        "kind": kind,
        "reference": reference,
        "from_email": one_line(settings.DEFAULT_FROM_EMAIL, 320),
        "to": one_line(to, 320),
        "reply_to": one_line(reply_to, 320),
        "subject": one_line(subject),
        "text": text,
        "html": html,
        "idempotency_key": key,
        "state": MailState.PENDING,
        "attempts": 0,
        "last_error": "",
        "provider_id": "",
    }
    columns = ", ".join(connection.ops.quote_name(name) for name in values)
    with connection.cursor() as cursor:
        # One statement, where get_or_create takes a SELECT and a savepoint: this runs inside place_order.
        cursor.execute(
            f"INSERT INTO config_outgoingmail ({columns}) VALUES ({', '.join(['%s'] * len(values))})"  # noqa: S608
            " ON CONFLICT (idempotency_key) DO NOTHING",
            list(values.values()),
        )
        created = bool(cursor.rowcount == 1)
    if created:
        transaction.on_commit(nudge, robust=True)
    return created


def due_mails() -> list[OutgoingMail]:
    """Return up to 100 mails that a sender would take now, in its order."""
    return list(OutgoingMail.objects.filter(DUE).order_by("next_attempt_at", "pk")[:100])


def queue_state() -> QueueState:
    """Return what monitors ask: what waits or is being sent counts as waiting, since the row was written."""
    live = OutgoingMail.objects.filter(state__in=[MailState.PENDING, MailState.SENDING])
    oldest = live.aggregate(oldest=Min("created_at"))["oldest"]
    return QueueState(
        waiting=live.count(),
        oldest_waiting_s=(database_now() - oldest).total_seconds() if oldest else 0.0,
        failed=OutgoingMail.objects.filter(state=MailState.FAILED).count(),
    )


def send_again(ids: Iterable[int], *, actor: str) -> int:
    """Put FAILED mails back into the queue under their old keys, and return how many. For staff.

    Within 24 hours of its first attempt a mail that did arrive after all stays one mail; after that it may come twice.
    """
    moved = OutgoingMail.objects.filter(pk__in=list(ids), state=MailState.FAILED).update(
        state=MailState.PENDING,
        attempts=0,
        next_attempt_at=Now(),
        first_attempt_at=None,
    )
    if moved:
        logger.info("mail.send_again", extra={"count": moved, "actor": actor})
        transaction.on_commit(nudge, robust=True)
    return moved
