"""Sending what is due."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now

from config.database import unit_of_work
from config.mail import MailRejectedError, MailUnavailableError, ShopMail, send_now
from config.mail.deadline_client import SEND_DEADLINE_S
from config.mail.nudge import start
from config.models import MailState, OutgoingMail
from config.outbox.queue import DUE

logger = logging.getLogger(__name__)

RETRY_AFTER_S = (30, 120, 600, 1800)
"""The wait after the first, second ... failed attempt; after the last attempt the mail is FAILED."""
MAX_ATTEMPTS = len(RETRY_AFTER_S) + 1
LEASE_S = 60
"""Longer than one send (10 s) and recording it, also with the database's own retries."""
KEY_LIFE = timedelta(hours=23)
"""Resend forgets a key after 24 h; from then on another attempt could be a second mail, so a person decides."""
UNREACHABLE_IN_A_ROW = 3
"""So many mails in a row without an answer end a run: the others keep their attempts for a better minute."""

_CLAIM = """
    WITH due AS MATERIALIZED (
        SELECT id FROM config_outgoingmail
         WHERE state IN ('PENDING', 'SENDING') AND next_attempt_at <= statement_timestamp()
           AND (state = 'PENDING' OR lease_until <= statement_timestamp())
           AND (%s = '' OR kind = %s)
         ORDER BY next_attempt_at, id LIMIT 1
           FOR NO KEY UPDATE SKIP LOCKED)
    UPDATE config_outgoingmail AS mail
       SET state = 'SENDING', lease = %s, lease_until = statement_timestamp() + make_interval(secs => %s),
           attempts = mail.attempts + 1,
           first_attempt_at = coalesce(mail.first_attempt_at, statement_timestamp())
      FROM due WHERE mail.id = due.id
    RETURNING mail.*
"""


@dataclass
class SendRun:
    """What one run did. ``lost`` counts mails whose lease had gone to another sender when their outcome was known."""

    sent: int = 0
    postponed: int = 0
    failed: int = 0
    lost: int = 0
    given_up: int = 0
    """Mails that failed without another try, see ``_give_up``."""
    stopped: str = ""
    """Why it ended before the queue was empty: limit, deadline, asked, rate_limited, unreachable; else empty."""

    @property
    def attempted(self) -> int:
        """Mails that were taken and tried."""
        return self.sent + self.postponed + self.failed + self.lost


def send_due_mails(
    *,
    limit: int = 50,
    deadline_s: float = 50.0,
    kind: str = "",
    should_stop: Callable[[], bool] = lambda: False,
) -> SendRun:
    """Send due mails, oldest first, until none is due, ``limit`` were tried or ``deadline_s`` seconds are nearly over.

    With ``kind`` only mails of that kind: an alert need not wait behind a night's order mails.
    No mail is begun that could not end in time (``SEND_DEADLINE_S``), nor after ``should_stop()``. Raises
    DatabaseConnectionError when the database goes away; the mail in hand is sent again, as the same mail, later.
    """
    if connection.in_atomic_block:
        raise RuntimeError("send_due_mails() calls the network and must not run inside a transaction.")
    ends_at = time.monotonic() + deadline_s
    run = SendRun()
    run.given_up = _give_up()
    unanswered = 0
    while True:
        if should_stop():
            run.stopped = "asked"
        elif run.attempted >= limit:
            run.stopped = "limit"
        elif time.monotonic() + SEND_DEADLINE_S > ends_at:
            run.stopped = "deadline"
        elif unanswered >= UNREACHABLE_IN_A_ROW:
            run.stopped = "unreachable"
        if run.stopped or (mail := _claim(kind)) is None:
            return run
        trouble = _send(mail, run)
        unanswered = unanswered + 1 if trouble else 0
        if trouble and trouble.rate_limited:
            # The limit is the account's: every other mail would be refused as well.
            unanswered = 0
            wait = trouble.retry_after or 1.0
            if time.monotonic() + wait + SEND_DEADLINE_S > ends_at:
                run.stopped = "rate_limited"
                return run
            _sleep(wait, should_stop)


def send_in_background() -> None:
    """Let this web process send mails right after the commit that queued them; see ``config.mail.nudge``."""
    start(lambda stopping: send_due_mails(limit=20, deadline_s=25.0, should_stop=stopping))


def _claim(kind: str) -> OutgoingMail | None:
    """Take the oldest due mail (of ``kind``, if that is given) under a fresh lease, or return None."""
    lease = uuid.uuid4()
    params = [kind, kind, lease, LEASE_S]
    return unit_of_work(lambda: next(iter(OutgoingMail.objects.raw(_CLAIM, params)), None))


def _give_up() -> int:
    """Fail what nobody may try again unasked: senders died at it too often, or its key is too old to protect it."""
    spent = Q(attempts__gte=MAX_ATTEMPTS) | Q(first_attempt_at__lt=Now() - KEY_LIFE)
    given_up = unit_of_work(
        lambda: OutgoingMail.objects.filter(DUE & spent).update(
            state=MailState.FAILED,
            lease=None,
            lease_until=None,
            last_error="The outcome is unknown and it is too late to try again unasked: check, then send again.",
        ),
    )
    if given_up:
        logger.error("mail.given_up", extra={"count": given_up})
    return given_up


def _send(mail: OutgoingMail, run: SendRun) -> MailUnavailableError | None:
    """Send one claimed mail and record what came of it; return the trouble if it is worth another try."""
    facts = {"kind": mail.kind, "reference": mail.reference, "attempt": mail.attempts}
    try:
        provider_id = send_now(_wire_form(mail))
    except MailRejectedError as error:
        logger.error("mail.rejected", extra=facts | {"error": str(error)})  # noqa: TRY400 - the refusal is the whole story
        run.failed += _record(mail, run, state=MailState.FAILED, last_error=str(error)[:300])
        return None
    except MailUnavailableError as error:
        _postpone(mail, run, error)
        return error
    except Exception as error:
        # A fault of ours with one mail must not keep the others from their readers.
        logger.exception("mail.broken", extra=facts)
        _postpone(mail, run, MailUnavailableError(type(error).__name__))
        return None
    logger.info("mail.sent", extra=facts | {"provider_id": provider_id})
    run.sent += _record(mail, run, state=MailState.SENT, sent_at=Now(), provider_id=provider_id, last_error="")
    return None


def _wire_form(mail: OutgoingMail) -> ShopMail:
    """Return the mail as the backends want it, from the row and nothing else."""
    return ShopMail(
        key=mail.idempotency_key,
        kind=mail.kind,
        to=mail.to,
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        from_email=mail.from_email,
        reply_to=mail.reply_to,
        written_at=mail.created_at,
    )


def _postpone(mail: OutgoingMail, run: SendRun, error: MailUnavailableError) -> None:
    """Plan the next attempt, or fail the mail after its last. A rate limit costs no attempt: nothing was tried."""
    facts = {"kind": mail.kind, "reference": mail.reference, "attempt": mail.attempts, "error": str(error)}
    if mail.attempts >= MAX_ATTEMPTS and not error.rate_limited:
        logger.error("mail.failed", extra=facts)
        run.failed += _record(mail, run, state=MailState.FAILED, last_error=str(error)[:300])
        return
    wait = float(RETRY_AFTER_S[min(mail.attempts, len(RETRY_AFTER_S)) - 1])
    if error.rate_limited:
        wait = error.retry_after or 1.0
    elif error.retry_after:
        wait = max(wait, error.retry_after)
    logger.warning("mail.postponed", extra=facts | {"wait_s": wait})
    run.postponed += _record(
        mail,
        run,
        state=MailState.PENDING,
        attempts=mail.attempts - 1 if error.rate_limited else mail.attempts,
        next_attempt_at=Now() + timedelta(seconds=wait),
        last_error=str(error)[:300],
    )


def _record(mail: OutgoingMail, run: SendRun, **outcome: object) -> int:
    """Write the outcome and return 1, unless the lease went to somebody else meanwhile: then count that, return 0."""
    ours = OutgoingMail.objects.filter(pk=mail.pk, state=MailState.SENDING, lease=mail.lease)
    # Was the COMMIT's answer lost? Then it has happened exactly if the lease is gone.
    kept = unit_of_work(
        lambda: ours.update(lease=None, lease_until=None, **outcome),
        resolve=lambda: None if ours.exists() else 1,
    )
    if not kept:
        run.lost += 1
        logger.warning("mail.lease_lost", extra={"kind": mail.kind, "reference": mail.reference})
    return kept


def _sleep(seconds: float, should_stop: Callable[[], bool]) -> None:
    """Wait, but end early when asked to stop."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and not should_stop():
        time.sleep(min(left, 0.2))
