"""Opening and closing the shop."""

from __future__ import annotations

from datetime import datetime

from config.errors import ShopClosedError
from config.rows import rows_of
from shop.models import SiteState


def site_state() -> SiteState:
    """Return the one row; a shop that never was closed may have none yet, and is open."""
    return next(iter(rows_of(SiteState, "id = 1", [])), None) or SiteState()


def require_open() -> None:
    """Raise ShopClosedError unless checkout and payment may go on."""
    state = site_state()
    if not state.takes_orders:
        raise ShopClosedError(reason=state.reason)


def require_no_sweep() -> None:
    """Raise ShopClosedError while the gateway must be asked about payments made after a restored backup.

    A shop that staff merely closed still cancels, expires and refunds.
    """
    if site_state().sweep_since is not None:
        raise ShopClosedError("Toko sedang memeriksa pembayaran. Coba lagi nanti.")


def close_shop(*, reason: str) -> None:
    """Stop checkout and payment; pages and notifications go on."""
    SiteState.objects.update_or_create(pk=1, defaults={"is_open": False, "reason": reason})


def open_shop() -> None:
    """Let customers order and pay again. A sweep that is still owed keeps the shop closed all the same."""
    SiteState.objects.update_or_create(pk=1, defaults={"is_open": True, "reason": ""})


def require_sweep(*, since: datetime) -> None:
    """Note that the gateway must be asked about every payment issued after ``since`` before anything is sold."""
    SiteState.objects.update_or_create(pk=1, defaults={"sweep_since": since})


def sweep_done() -> None:
    """Note that the gateway was asked about everything; the shop is as open as staff want it."""
    SiteState.objects.filter(pk=1).update(sweep_since=None)
