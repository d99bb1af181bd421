"""Goods that come, come back or are found to be more or fewer: each with its line in the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from django.db.models import F, Q

from shop.errors import StockRuleError
from shop.locks import lock_variants
from shop.models import MovementKind, Reservation, ReservationState, StockMovement, Variant
from shop.services.stock.holding import release
from shop.services.stock.lines import locked_lines
from shop.services.stock.selling import sell_waiting


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
    lines = locked_lines(reference, ReservationState.SOLD, ReservationState.HELD, ReservationState.SHORT)
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
    lines = locked_lines(reference, ReservationState.SOLD)
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
        raise StockRuleError(f"Yang belum terjual tinggal {variant.on_hand}.", variant=variant_id, delta=delta)
    Variant.objects.filter(pk=variant_id).update(on_hand=F("on_hand") + delta)
    movement = StockMovement.objects.create(
        variant_id=variant_id,
        kind=kind,
        delta=delta,
        balance=variant.on_hand + delta,
        actor=actor,
        reason=reason,
        reservation=reservation,
        return_reference=return_reference,
    )
    if delta > 0:
        sell_waiting(variant_id, actor=actor)
    return movement
