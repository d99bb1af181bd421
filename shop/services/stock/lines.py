"""The lines of an order in stock: locked in the one order, and moved from state to state."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.utils import timezone

from shop.locks import lock_reservations, lock_variants_of
from shop.models import Reservation, ReservationState

# Waits between tries to sell a line that is paid for but not covered; after the last one a monitor calls a person.
SHORT_BACKOFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
SHORT_MAX_ATTEMPTS = 5


def locked_lines(reference: str, *states: ReservationState) -> list[Reservation]:
    """Lock the variants of ``reference``, then its reservations, and return those in ``states`` with their variants."""
    variants = lock_variants_of(reference, states)
    lines = [line for line in lock_reservations(reference) if line.state in states]
    for line in lines:
        if (variant := variants.get(line.variant_id)) is not None:
            line.variant = variant
    return lines


def set_state(lines: Iterable[Reservation], state: ReservationState) -> None:
    ids = [line.pk for line in lines]
    if ids:
        Reservation.objects.filter(pk__in=ids).update(state=state, next_attempt_at=None, changed_at=timezone.now())


def postpone(lines: Iterable[Reservation]) -> None:
    """Make lines SHORT (or keep them so) with the next try later; the wait grows with each try."""
    for line in lines:
        attempts = line.attempts + 1
        wait = SHORT_BACKOFF[min(attempts, len(SHORT_BACKOFF)) - 1]
        Reservation.objects.filter(pk=line.pk).update(
            state=ReservationState.SHORT,
            attempts=attempts,
            next_attempt_at=timezone.now() + wait,
            changed_at=timezone.now(),
        )
