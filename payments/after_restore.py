"""What a restored database owes the gateway before it may sell again."""

from __future__ import annotations

from datetime import datetime

from shop.models import SiteState


def owe_a_sweep(*, using: str, since: datetime) -> str:
    """Close the shop of the database ``using`` until the gateway was asked about every payment since ``since``.

    A hook of BACKUP_BEFORE_SWAP: that database is not the shop's yet. A sweep that it owed already, from further back,
    stays owed. Returns what the operator must do.
    """
    state = SiteState.objects.using(using).filter(pk=1).first()
    if state is not None and state.sweep_since is not None:
        since = min(since, state.sweep_since)
    SiteState.objects.using(using).update_or_create(pk=1, defaults={"sweep_since": since})
    return f"The shop is closed for checkout until this ran: manage.py reconcile_payments --since {since.isoformat()}"
