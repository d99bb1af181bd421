"""What becomes of unsent mails when a backup is restored: the database does not know whether they went out since.

The backup says that a mail waits, and meanwhile it may have been sent. For a day the provider knows each mail by its
key, and the same mail again stays one mail; later it would be a second one. So mails of a younger backup go out as
usual, under their old keys, and those of an older one are parked: FAILED, on the staff's list, where a person looks and
sends them again. None is dropped.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, Value
from django.db.models.functions import Least, Now

from config.models import MailState, OutgoingMail
from config.outbox.sender import KEY_LIFE

PARKED = "The database was restored: this may have been sent since the backup. Check, then send again."


def park_unsent(*, using: str, since: datetime) -> str:
    """Treat every unsent mail of the database ``using`` as tried at ``since``; park those that were too long ago.

    A hook of BACKUP_BEFORE_SWAP. Returns a sentence for the operator when some were parked.
    """
    unsent = OutgoingMail.objects.using(using).filter(state__in=[MailState.PENDING, MailState.SENDING])
    # From here on the sender's own rule holds: it gives up when the first attempt is longer ago than the key lives.
    # (LEAST of NULL and a time is the time.)
    unsent.update(first_attempt_at=Least("first_attempt_at", Value(since)))
    parked = unsent.filter(Q(first_attempt_at__lt=Now() - KEY_LIFE)).update(
        state=MailState.FAILED, lease=None, lease_until=None, last_error=PARKED
    )
    if not parked:
        return ""
    return (
        f"{parked} mails waited in the backup and may have been sent since; they are parked as failed. Staff: Mail "
        "keluar, status Gagal, and Kirim ulang for those that did not arrive."
    )
