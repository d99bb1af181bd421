"""A restored database knows people again who asked to be forgotten; it forgets them before it becomes the shop's."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from payments.personal_data.erase import anonymise
from payments.personal_data.tombstones import Tombstones
from shop.models import User


def forget_again(*, using: str, since: datetime) -> str:
    """Erase in the database ``using`` everybody who has a tombstone; a hook of BACKUP_BEFORE_SWAP.

    Whether an order of theirs was open when the backup was made does not matter: when they were erased, none was.
    Raises OSError when the list is there and cannot be read: then nothing is swapped. Returns what it did, if anything.
    """
    stones = Tombstones()
    if not len(stones):
        return ""
    known = User.objects.using(using).filter(erased_at__isnull=True).only("pk", "date_joined", "is_guest")
    again = [user for user in known.iterator() if stones.names(user_id=user.pk, joined_at=user.date_joined)]
    for user in again:
        with transaction.atomic(using=using):
            anonymise(user, at=timezone.now(), using=using)
    return f"People who had asked to be erased, and were erased again: {len(again)}" if again else ""
