"""Leases: who may write to the gateway for a row just now. SKIP LOCKED cannot span a gateway call, a lease can.

A lease is a fresh random value with an end by the database's clock. Whoever brings an answer back may store it only
while the row still carries his value.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.db.models.functions import Now

LEASE = timedelta(seconds=20)  # longer than the total deadline of a gateway call


class LeaseLostError(Exception):
    """Our lease ran out and somebody else took the row; what we would do now is his to do."""


def new_lease() -> str:
    """Return a fresh lease value."""
    return secrets.token_hex(16)


def free() -> Q:
    """Return the condition of a row that nobody holds."""
    return Q(lease_until__isnull=True) | Q(lease_until__lte=Now())


def take(rows: QuerySet[Any], *, seconds: float = LEASE.total_seconds()) -> str | None:
    """Take the lease of the one row in ``rows``, if nobody holds it. Returns the lease, or None. One UPDATE."""
    lease = new_lease()
    taken = rows.filter(free()).update(lease=lease, lease_until=Now() + timedelta(seconds=seconds))
    return lease if taken == 1 else None


def renew(row: Model, lease: str) -> None:
    """Give our lease its whole length again, before a call that changes something at the gateway.

    Raises LeaseLostError when somebody else holds the row by now: the call must then not be made.
    """
    mine = type(row)._default_manager.filter(pk=row.pk, lease=lease)
    if mine.update(lease_until=Now() + LEASE) != 1:
        raise LeaseLostError


def give_back(row: Model, lease: str, **changes: Any) -> bool:
    """End the lease if it is still ours, storing ``changes`` with it. Returns whether it was ours."""
    manager = type(row)._default_manager
    updated = manager.filter(pk=row.pk, lease=lease).update(lease="", lease_until=None, **changes)
    return updated == 1
