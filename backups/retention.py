"""Which backups may go. Pure: manifests and a clock in, manifests out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from backups.manifest import Manifest

KEEP_VERIFIED = 3
TOO_OLD = timedelta(hours=50)  # two nights without a good backup


def expired(backups: Sequence[Manifest], *, now: datetime, days: int) -> list[Manifest]:
    """Return the backups older than ``days`` that nothing protects, oldest first.

    Protected are pinned ones, the newest three verified ones, and everything while the newest verified one is too old:
    when backups are failing the old ones are all there is. Ones from the future are neither counted nor deleted.
    """
    past = sorted((one for one in backups if one.taken_at <= now), key=lambda one: one.taken_at)
    verified = [one for one in past if one.is_verified]
    if not verified or now - verified[-1].taken_at > TOO_OLD:
        return []
    safe = {one.name for one in verified[-KEEP_VERIFIED:]}
    limit = now - timedelta(days=days)
    return [one for one in past if one.taken_at < limit and not one.pinned and one.name not in safe]
