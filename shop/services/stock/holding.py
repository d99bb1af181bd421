"""Holding goods for an order and giving them back: what changes ``reserved`` and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import connection
from django.db.models import F

from shop.errors import InsufficientStockError, ShortLine
from shop.locks import lock_variants
from shop.models import ReservationState, Variant
from shop.services.stock.lines import locked_lines, set_state

# Locks all wanted rows in id order first, whatever their stock, so that a second look never locks out of order.
# The reservations are written for every line: where one is short, all of it is rolled back.
_RESERVE_SQL = """
WITH wanted AS (
    SELECT * FROM unnest(%s::bigint[], %s::bigint[]) AS w (id, n)
), held AS (
    INSERT INTO shop_reservation (reference, variant_id, quantity, state, attempts, created_at, changed_at)
    SELECT %s, id, n, 'HELD', 0, statement_timestamp(), statement_timestamp() FROM wanted ORDER BY id
), locked AS (
    SELECT v.id FROM shop_variant v JOIN wanted USING (id) ORDER BY v.id FOR NO KEY UPDATE OF v
)
UPDATE shop_variant v
   SET reserved = v.reserved + wanted.n
  FROM wanted JOIN locked USING (id)
 WHERE v.id = wanted.id AND v.is_active AND v.on_hand - v.reserved >= wanted.n
RETURNING v.id
"""


def reserve(*, reference: str, quantities: Mapping[int, int]) -> None:
    """Hold ``quantities`` (units by variant id) for ``reference``: all lines or none.

    One statement, its guarded UPDATE in variant-id order; call it last before commit, so that a hot row is locked for
    the shortest time. Raises InsufficientStockError naming every short line; the caller's transaction must then be
    rolled back.
    """
    ids = sorted(quantities)
    with connection.cursor() as cursor:
        cursor.execute(_RESERVE_SQL, [ids, [quantities[pk] for pk in ids], reference])
        taken = {row[0] for row in cursor.fetchall()}
    missing = [pk for pk in ids if pk not in taken]
    if missing:
        _reserve_on_second_look(missing, quantities)


def _reserve_on_second_look(missing: list[int], quantities: Mapping[int, int]) -> None:
    """Judge the missing rows again on a fresh snapshot.

    An UPDATE that waited for a lock judged the row as it stood in the statement's own snapshot or its newest version,
    and may have dropped a row whose stock came back meanwhile. All rows are locked by now, so this look is final.
    """
    variants = lock_variants(missing)
    if short := _short_lines(missing, variants, quantities):
        raise InsufficientStockError(short)
    for pk in missing:
        Variant.objects.filter(pk=pk).update(reserved=F("reserved") + quantities[pk])


def require_available(quantities: Mapping[int, int]) -> None:
    """Raise InsufficientStockError for lines that are short as things stand. Locks nothing, promises nothing."""
    variants = {row.pk: row for row in Variant.objects.filter(pk__in=quantities).select_related("product")}
    if short := _short_lines(sorted(quantities), variants, quantities):
        raise InsufficientStockError(short)


def _short_lines(
    ids: Iterable[int],
    variants: Mapping[int, Variant],
    quantities: Mapping[int, int],
) -> list[ShortLine]:
    short = []
    for pk in ids:
        variant = variants.get(pk)
        available = max(0, variant.available) if variant is not None and variant.is_active else 0
        if available < quantities[pk]:
            name = f"{variant.product.name} {variant.name}".strip() if variant is not None else ""
            sku = variant.sku if variant is not None else ""
            short.append(ShortLine(variant_id=pk, sku=sku, name=name, available=available, wanted=quantities[pk]))
    return short


def release(*, reference: str) -> int:
    """Give back what ``reference`` still holds (HELD, SHORT -> RELEASED). Returns the number of lines; repeatable."""
    lines = locked_lines(reference, ReservationState.HELD, ReservationState.SHORT)
    for line in lines:
        Variant.objects.filter(pk=line.variant_id).update(reserved=F("reserved") - line.quantity)
    set_state(lines, ReservationState.RELEASED)
    return len(lines)
