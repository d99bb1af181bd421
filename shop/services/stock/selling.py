"""Taking held goods out of the shop once they are paid for, at once or when there are enough of them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import partial

from django.db import DatabaseError, connection
from django.db.models import Min
from django.utils import timezone

from config.database import Trouble, classify, unit_of_work
from shop.locks import lock_reservations, lock_variants
from shop.models import MovementKind, Reservation, ReservationState, StockMovement, Variant
from shop.services.stock.lines import SHORT_MAX_ATTEMPTS, locked_lines, postpone, set_state

logger = logging.getLogger(__name__)

_SELL_SQL = """
UPDATE shop_variant v
   SET on_hand = v.on_hand - sold.n, reserved = v.reserved - sold.n
  FROM unnest(%s::bigint[], %s::bigint[]) AS sold (id, n)
 WHERE v.id = sold.id AND v.on_hand >= sold.n
RETURNING v.id, v.on_hand
"""


def sell(*, reference: str, actor: str) -> list[Reservation]:
    """Take out of stock what ``reference`` holds: HELD and SHORT -> SOLD, or SHORT where ``on_hand`` does not cover it.

    Returns the lines that are SHORT afterwards. Repeatable: a sold line is never sold again.
    """
    lines = locked_lines(reference, ReservationState.HELD, ReservationState.SHORT)
    on_hand = {line.variant_id: line.variant.on_hand for line in lines}  # as it stands under the lock
    sold: list[Reservation] = []
    short: list[Reservation] = []
    for line in lines:
        covered = on_hand[line.variant_id] >= line.quantity
        (sold if covered else short).append(line)
        if covered:
            on_hand[line.variant_id] -= line.quantity
    sell_lines(sold, actor=actor)
    postpone(short)
    return short


def mark_short(*, reference: str) -> None:
    """Note that the held lines of ``reference`` are paid for but could not be taken out of stock just now.

    Touches no variant, so it works when a variant's lock was the trouble; ``reserved`` counts SHORT lines too.
    """
    lines = lock_reservations(reference)
    postpone([line for line in lines if line.state == ReservationState.HELD])


def sell_waiting(variant_id: int, *, actor: str) -> int:
    """Sell SHORT lines of a variant, oldest first, as far as ``on_hand`` goes. The variant must be locked."""
    on_hand = Variant.objects.values_list("on_hand", flat=True).get(pk=variant_id)
    waiting = Reservation.objects.select_for_update(of=("self",), no_key=True).filter(
        variant_id=variant_id,
        state=ReservationState.SHORT,
    )
    sold = []
    for line in waiting.order_by("pk"):
        if line.quantity > on_hand:
            break  # oldest first: nobody overtakes
        on_hand -= line.quantity
        sold.append(line)
    sell_lines(sold, actor=actor)
    return len(sold)


def retry_short(*, actor: str = "system") -> int:
    """Try again the SHORT lines that are due, one variant per transaction, the longest due first.

    A variant that somebody keeps locked waits for the next run and delays no other. Returns the number of lines sold.
    """
    due = (
        Reservation.objects.filter(
            state=ReservationState.SHORT,
            attempts__lt=SHORT_MAX_ATTEMPTS,
            next_attempt_at__lte=timezone.now(),
        )
        .values("variant_id")
        .annotate(due_since=Min("next_attempt_at"))
        .order_by("due_since")
    )
    sold = 0
    for variant_id in [row["variant_id"] for row in due]:
        try:
            sold += unit_of_work(partial(_retry_variant, variant_id, actor))
        except DatabaseError as error:
            if classify(error) is not Trouble.LOCK_TIMEOUT:
                raise
            logger.warning("stock.retry_locked", extra={"variant": variant_id})
    return sold


def _retry_variant(variant_id: int, actor: str) -> int:
    """Sell what is covered now, and put the rest off."""
    lock_variants([variant_id])
    sold = sell_waiting(variant_id, actor=actor)
    late = Reservation.objects.select_for_update(of=("self",), no_key=True).filter(
        variant_id=variant_id,
        state=ReservationState.SHORT,
        attempts__lt=SHORT_MAX_ATTEMPTS,
        next_attempt_at__lte=timezone.now(),
    )
    postpone(late.order_by("pk"))
    return sold


def sell_lines(lines: Iterable[Reservation], *, actor: str) -> None:
    """Move HELD or SHORT lines out of the shop. Their variants are locked and cover them."""
    sold = list(lines)
    if not sold:
        return
    if len({line.variant_id for line in sold}) < len(sold):
        # Several orders' lines of one variant (goods that arrived): the balance runs on from row to row.
        for line in sold:
            sell_lines([line], actor=actor)
        return
    with connection.cursor() as cursor:
        cursor.execute(_SELL_SQL, [[line.variant_id for line in sold], [line.quantity for line in sold]])
        balances = dict(cursor.fetchall())
    if len(balances) != len(sold):
        raise AssertionError("a variant changed under its lock")
    StockMovement.objects.bulk_create(
        [
            StockMovement(
                variant_id=line.variant_id,
                kind=MovementKind.SALE,
                delta=-line.quantity,
                balance=balances[line.variant_id],
                actor=actor,
                reservation=line,
            )
            for line in sold
        ],
    )
    set_state(sold, ReservationState.SOLD)
