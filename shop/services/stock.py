"""The only writer of ``on_hand``, ``reserved``, reservations and the stock ledger.

Every function runs inside the caller's transaction (only ``retry_short`` opens its own) and takes the locks of its
variants in id order, then those of the reservations; callers lock their order first and reserve last.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import partial

from django.db import DatabaseError, connection
from django.db.models import F, Min, Q
from django.utils import timezone

from config.database import Trouble, classify, unit_of_work
from shop.errors import InsufficientStockError, ShortLine, StockRuleError
from shop.locks import lock_reservations, lock_variants, lock_variants_of
from shop.models import MovementKind, Reservation, ReservationState, StockMovement, Variant

logger = logging.getLogger(__name__)

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

_SELL_SQL = """
UPDATE shop_variant v
   SET on_hand = v.on_hand - sold.n, reserved = v.reserved - sold.n
  FROM unnest(%s::bigint[], %s::bigint[]) AS sold (id, n)
 WHERE v.id = sold.id AND v.on_hand >= sold.n
RETURNING v.id, v.on_hand
"""

# Waits between tries to sell a line that is paid for but not covered; after the last one a monitor calls a person.
SHORT_BACKOFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
SHORT_MAX_ATTEMPTS = 5


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
    lines = _locked_lines(reference, ReservationState.HELD, ReservationState.SHORT)
    for line in lines:
        Variant.objects.filter(pk=line.variant_id).update(reserved=F("reserved") - line.quantity)
    _set_state(lines, ReservationState.RELEASED)
    return len(lines)


def sell(*, reference: str, actor: str) -> list[Reservation]:
    """Take out of stock what ``reference`` holds: HELD and SHORT -> SOLD, or SHORT where ``on_hand`` does not cover it.

    Returns the lines that are SHORT afterwards. Repeatable: a sold line is never sold again.
    """
    lines = _locked_lines(reference, ReservationState.HELD, ReservationState.SHORT)
    on_hand = {line.variant_id: line.variant.on_hand for line in lines}  # as it stands under the lock
    sold: list[Reservation] = []
    short: list[Reservation] = []
    for line in lines:
        covered = on_hand[line.variant_id] >= line.quantity
        (sold if covered else short).append(line)
        if covered:
            on_hand[line.variant_id] -= line.quantity
    _sell_lines(sold, actor=actor)
    _postpone(short)
    return short


def mark_short(*, reference: str) -> None:
    """Note that the held lines of ``reference`` are paid for but could not be taken out of stock just now.

    Touches no variant, so it works when a variant's lock was the trouble; ``reserved`` counts SHORT lines too.
    """
    lines = lock_reservations(reference)
    _postpone([line for line in lines if line.state == ReservationState.HELD])


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
    _sell_lines(sold, actor=actor)
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
    _postpone(late.order_by("pk"))
    return sold


def receive(*, variant_id: int, quantity: int, actor: str, reason: str = "") -> StockMovement:
    """Book goods that arrived, then sell waiting SHORT lines oldest first. Raises StockRuleError if not positive."""
    if quantity <= 0:
        raise StockRuleError("Jumlah barang masuk harus lebih dari nol.", quantity=quantity)
    return _move(variant_id, MovementKind.RECEIVE, quantity, actor=actor, reason=reason)


def adjust(*, variant_id: int, delta: int, reason: str, actor: str) -> StockMovement:
    """Correct ``on_hand`` by ``delta`` with a reason. The truth is recorded even if more than that is reserved."""
    if not reason.strip():
        raise StockRuleError("Alasan penyesuaian harus diisi.")
    if delta == 0:
        raise StockRuleError("Penyesuaian nol tidak mengubah apa pun.")
    return _move(variant_id, MovementKind.ADJUST, delta, actor=actor, reason=reason.strip())


def return_sold(*, reference: str, actor: str, reason: str) -> int:
    """Put back what ``reference`` had sold, once per line, and release what it still holds. Returns lines returned.

    What came back as a parcel (``receive_return``) is on the shelf already and does not come back a second time.
    """
    lines = _locked_lines(reference, ReservationState.SOLD, ReservationState.HELD, ReservationState.SHORT)
    release(reference=reference)
    sold = [line for line in lines if line.state == ReservationState.SOLD]
    came_back = _came_back(reference, sold)
    returned = 0
    for line in sold:
        rest = line.quantity - came_back[line.variant_id]
        if rest > 0:
            _move(line.variant_id, MovementKind.RETURN, rest, actor=actor, reason=reason, reservation=line)
            returned += 1
    return returned


def receive_return(
    *,
    reference: str,
    return_reference: str,
    quantities: Mapping[int, int],
    actor: str,
    reason: str,
) -> list[StockMovement]:
    """Book goods of a shipped order that came back, at most what was sold, once per ``return_reference``.

    Raises StockRuleError; the caller's transaction must then be rolled back.
    """
    own_reference = _parcel_name(reference, return_reference)
    lines = _locked_lines(reference, ReservationState.SOLD)
    if StockMovement.objects.filter(return_reference=own_reference).exists():
        raise StockRuleError("Retur ini sudah dicatat.", reference=own_reference)
    sold = Counter({line.variant_id: line.quantity for line in lines})
    came_back = _came_back(reference, lines)
    movements = []
    for variant_id, quantity in sorted(quantities.items()):
        if quantity <= 0 or quantity + came_back[variant_id] > sold[variant_id]:
            raise StockRuleError(
                "Barang yang kembali melebihi yang terjual.",
                variant=variant_id,
                sold=sold[variant_id],
            )
        movements.append(
            _move(
                variant_id,
                MovementKind.RETURN,
                quantity,
                actor=actor,
                reason=reason,
                return_reference=own_reference,
            ),
        )
    return movements


def _parcel_name(reference: str, return_reference: str) -> str:
    """Return the name of a parcel in the ledger: two orders may well call theirs the same."""
    name = f"{reference}/{return_reference.strip()}"
    longest = StockMovement._meta.get_field("return_reference").max_length or 0
    if name.endswith("/") or len(name) > longest:
        raise StockRuleError(f"Nomor retur harus 1 sampai {longest - len(reference) - 1} huruf.")
    return name


def _came_back(reference: str, sold: Iterable[Reservation]) -> Counter[int]:
    """Return the units by variant id that came back of ``sold`` already, with a cancellation or as parcels."""
    came_back: Counter[int] = Counter()
    returns = StockMovement.objects.filter(
        Q(reservation__in=[line.pk for line in sold]) | Q(return_reference__startswith=f"{reference}/"),
        kind=MovementKind.RETURN,
    )
    for variant_id, delta in returns.values_list("variant_id", "delta"):
        came_back[variant_id] += delta
    return came_back


def _locked_lines(reference: str, *states: ReservationState) -> list[Reservation]:
    """Lock the variants of ``reference``, then its reservations, and return those in ``states`` with their variants."""
    variants = lock_variants_of(reference, states)
    lines = [line for line in lock_reservations(reference) if line.state in states]
    for line in lines:
        if (variant := variants.get(line.variant_id)) is not None:
            line.variant = variant
    return lines


def _sell_lines(lines: Iterable[Reservation], *, actor: str) -> None:
    """Move HELD or SHORT lines out of the shop. Their variants are locked and cover them."""
    sold = list(lines)
    if not sold:
        return
    if len({line.variant_id for line in sold}) < len(sold):
        # Several orders' lines of one variant (goods that arrived): the balance runs on from row to row.
        for line in sold:
            _sell_lines([line], actor=actor)
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
    _set_state(sold, ReservationState.SOLD)


def _move(
    variant_id: int,
    kind: MovementKind,
    delta: int,
    *,
    actor: str,
    reason: str = "",
    reservation: Reservation | None = None,
    return_reference: str | None = None,
) -> StockMovement:
    """Change ``on_hand`` by ``delta``, write the ledger, and let waiting lines have what came in."""
    variant = lock_variants([variant_id]).get(variant_id)
    if variant is None:
        raise StockRuleError("Varian tidak ditemukan.", variant=variant_id)
    if variant.on_hand + delta < 0:
        raise StockRuleError(f"Stok di gudang tinggal {variant.on_hand}.", variant=variant_id, delta=delta)
    Variant.objects.filter(pk=variant_id).update(on_hand=F("on_hand") + delta)
    movement = _write_movement(
        variant_id,
        kind,
        delta,
        actor=actor,
        reason=reason,
        reservation=reservation,
        return_reference=return_reference,
    )
    if delta > 0:
        sell_waiting(variant_id, actor=actor)
    return movement


def _write_movement(
    variant_id: int,
    kind: MovementKind,
    delta: int,
    *,
    actor: str,
    reason: str = "",
    reservation: Reservation | None = None,
    return_reference: str | None = None,
) -> StockMovement:
    balance = Variant.objects.values_list("on_hand", flat=True).get(pk=variant_id)
    return StockMovement.objects.create(
        variant_id=variant_id,
        kind=kind,
        delta=delta,
        balance=balance,
        actor=actor,
        reason=reason,
        reservation=reservation,
        return_reference=return_reference,
    )


def _set_state(lines: Iterable[Reservation], state: ReservationState) -> None:
    ids = [line.pk for line in lines]
    if ids:
        Reservation.objects.filter(pk__in=ids).update(state=state, next_attempt_at=None, changed_at=timezone.now())


def _postpone(lines: Iterable[Reservation]) -> None:
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
