"""Stock as people write it down: one form, one durable transaction, once.

``seen`` is what the form knew of the ledger. A second click, or a colleague who was quicker, finds another ledger and
is refused, so that one delivery is never booked twice and a count never overwrites what happened after counting.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.conf import settings
from django.db.models import Max, Q, TextChoices
from django.utils.module_loading import import_string

from config.database import unit_of_work
from config.errors import InvalidInputError, ShopError
from shop.locks import lock_variants
from shop.models import MovementKind, StockMovement
from shop.services import stock

MAX_UNITS = 100_000


class CorrectionReason(TextChoices):
    """Why what is there differs from the books."""

    BROKEN = "rusak", "Rusak"
    LOST = "hilang", "Hilang"
    RETURNED = "retur", "Retur tanpa pesanan"
    COUNTED = "opname", "Hasil hitung (opname)"
    MISTYPED = "salah input", "Salah input sebelumnya"


def sold_and_still_here(variant_id: int) -> int:
    """Return the units that were paid for and not sent yet: they lie in the warehouse and not in the books.

    Whoever counts leaves them out. Orders know them (the hook UNSENT_UNITS).
    """
    units: Callable[[int], int] = import_string(settings.UNSENT_UNITS)
    return units(variant_id)


class StockMovedError(ShopError):
    """The ledger went on since the form was shown."""

    code = "stock_moved"
    message = "Stok barang ini berubah sejak halaman tadi dibuka, jadi tidak ada yang dicatat. Periksa lagi angkanya."


def ledger_mark(variant_id: int) -> str:
    """Return where a variant's ledger stands: its last arrival, correction and movement of any kind."""
    last = StockMovement.objects.filter(variant_id=variant_id).aggregate(
        arrival=Max("pk", filter=Q(kind=MovementKind.RECEIVE)),
        correction=Max("pk", filter=Q(kind=MovementKind.ADJUST)),
        any=Max("pk"),
    )
    return ":".join(str(last[name] or 0) for name in ("arrival", "correction", "any"))


def book_arrival(*, variant_id: int, quantity: int, note: str, seen: str, actor: str) -> StockMovement:
    """Book goods that arrived. Sales meanwhile do not matter, another arrival does: StockMovedError."""
    _check_units(quantity)

    def body() -> StockMovement:
        lock_variants([variant_id])
        _require_same(variant_id, seen, parts=(0,))
        return stock.receive(variant_id=variant_id, quantity=quantity, actor=actor, reason=note.strip())

    return unit_of_work(body)


def correct(
    *,
    variant_id: int,
    reason: CorrectionReason,
    note: str,
    seen: str,
    actor: str,
    delta: int | None = None,
    counted: int | None = None,
) -> StockMovement:
    """Correct the books by ``delta``, or to ``counted``; exactly one is given. The reason and the note are kept.

    A count holds only for the ledger it was made with, so any movement since is a StockMovedError; a difference holds
    unless somebody else corrected. Raises InvalidInputError (``amount``) and StockRuleError.
    """
    if (delta is None) == (counted is None):
        raise ValueError("give either delta or counted")
    text = f"{reason.value}: {note.strip()}" if note.strip() else reason.value
    return unit_of_work(partial(_correct, variant_id, delta, counted, text, seen, actor))


def _correct(
    variant_id: int,
    delta: int | None,
    counted: int | None,
    text: str,
    seen: str,
    actor: str,
) -> StockMovement:
    variant = lock_variants([variant_id]).get(variant_id)
    if variant is None:
        raise InvalidInputError("amount", "Varian tidak ditemukan.")
    _require_same(variant_id, seen, parts=(1,) if counted is None else (0, 1, 2))
    change = delta if counted is None else counted - variant.on_hand
    assert change is not None
    if change == 0:
        raise InvalidInputError("amount", f"Tidak ada selisih: memang tercatat {variant.on_hand} yang belum terjual.")
    if variant.on_hand + change < 0:
        raise InvalidInputError("amount", f"Yang belum terjual tinggal {variant.on_hand}.")
    _check_units(abs(change))
    return stock.adjust(variant_id=variant_id, delta=change, reason=text[:200], actor=actor)


def _check_units(units: int) -> None:
    if not 1 <= units <= MAX_UNITS:
        raise InvalidInputError("amount", f"Isi jumlah antara 1 dan {MAX_UNITS:,}.".replace(",", "."))


def _require_same(variant_id: int, seen: str, *, parts: tuple[int, ...]) -> None:
    then, now = seen.split(":"), ledger_mark(variant_id).split(":")
    if len(then) != len(now) or any(then[part] != now[part] for part in parts):
        raise StockMovedError(variant=variant_id)
