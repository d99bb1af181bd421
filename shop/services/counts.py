"""Counting the stock while the shop goes on selling.

Each number is compared with the books under the variant's lock at the moment it is entered; applying moves the books by
those differences, never to the counted numbers, so that a sale between counting and applying is not lost. All lines of
a count are applied in one transaction, once. Locks: the count, then variants by id.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from django.db.models import Max
from django.utils import timezone

from config.database import unit_of_work
from config.errors import InvalidInputError, ShopError
from shop.locks import lock_variants
from shop.models import CountState, MovementKind, StockCount, StockCountLine, StockMovement, Variant
from shop.services import stock

MAX_UNITS = 100_000


class CountRefusedError(ShopError):
    """The count cannot be changed or applied now."""

    code = "count_refused"
    message = "Opname ini sudah ditutup."


def open_count(*, title: str, actor: str) -> StockCount:
    """Begin a count. Raises InvalidInputError (``title``)."""
    if not title.strip():
        raise InvalidInputError("title", "Beri nama opname ini.")
    return StockCount.objects.create(title=title.strip(), opened_by=actor)


def enter(*, count_id: int, sku: str, counted: int, actor: str) -> tuple[StockCountLine, int | None]:
    """Write down what was found of one SKU; entered again it replaces. Returns the line, and the number it replaced.

    Raises InvalidInputError (``sku``, ``counted``), CountRefusedError.
    """
    if not 0 <= counted <= MAX_UNITS:
        raise InvalidInputError("counted", f"Isi jumlah antara 0 dan {MAX_UNITS:,}.".replace(",", "."))
    return unit_of_work(partial(_enter, count_id, sku.strip(), counted, actor))


def _enter(count_id: int, sku: str, counted: int, actor: str) -> tuple[StockCountLine, int | None]:
    count = _locked(count_id)
    found = Variant.objects.filter(sku__iexact=sku).values_list("pk", flat=True)[:2]
    if len(found) != 1:
        raise InvalidInputError("sku", "SKU ini tidak ada. Periksa ejaannya.")
    variant = lock_variants(found)[found[0]]
    earlier = StockCountLine.objects.filter(count=count, variant=variant).values_list("counted", flat=True).first()
    line, _ = StockCountLine.objects.update_or_create(
        count=count,
        variant=variant,
        defaults={
            "counted": counted,
            "on_hand_then": variant.on_hand,
            "correction_then": _newest_corrections([variant.pk]).get(variant.pk, 0),
            "counted_at": timezone.now(),
            "counted_by": actor,
        },
    )
    return line, earlier


def fingerprint(count: StockCount) -> str:
    """Return what must not have changed between reading the differences and confirming them."""
    newest = StockCountLine.objects.filter(count=count).aggregate(newest=Max("counted_at"))["newest"]
    return f"{count.state}|{newest.isoformat() if newest else ''}|{count.lines.count()}"


def apply(*, count_id: int, seen: str, actor: str) -> list[StockMovement]:
    """Move the books by every difference of a count, in one transaction, and close it. Returns the movements.

    Raises CountRefusedError: closed already, a number entered since ``seen``, nothing counted, a variant corrected by
    other means since it was counted, or fewer units left than a difference takes away. Then nothing has changed.
    """
    return unit_of_work(partial(_apply, count_id, seen, actor))


def _apply(count_id: int, seen: str, actor: str) -> list[StockMovement]:
    count = _locked(count_id)
    if fingerprint(count) != seen:
        raise CountRefusedError("Ada hitungan baru sejak halaman tadi dibuka. Periksa lagi selisihnya.")
    lines = list(StockCountLine.objects.filter(count=count).order_by("variant_id"))
    if not lines:
        raise CountRefusedError("Belum ada yang dihitung.")
    variants = lock_variants([line.variant_id for line in lines])
    if problems := _problems(lines, variants):
        raise CountRefusedError(f"Hitung ulang dulu: {'; '.join(problems)}.")
    movements = [
        stock.adjust(
            variant_id=line.variant_id,
            delta=line.difference,
            reason=f"opname: {count.title} (dihitung {line.counted}, di buku {line.on_hand_then})",
            actor=actor,
        )
        for line in lines
        if line.difference
    ]
    _close(count, CountState.APPLIED, actor)
    return movements


def _problems(lines: Sequence[StockCountLine], variants: dict[int, Variant]) -> list[str]:
    """Return why a difference no longer says what is wrong with the books, line by line."""
    corrections = _newest_corrections([line.variant_id for line in lines])
    found = []
    for line in lines:
        variant = variants[line.variant_id]
        if corrections.get(line.variant_id, 0) != line.correction_then:
            found.append(f"{variant.sku} sudah dikoreksi sejak dihitung")
        elif variant.on_hand + line.difference < 0:
            found.append(f"{variant.sku} tinggal {variant.on_hand}, selisihnya {line.difference}")
    return found


def cancel(*, count_id: int, reason: str, actor: str) -> None:
    """Close a count without touching the books. Raises InvalidInputError (``reason``), CountRefusedError."""
    if not reason.strip():
        raise InvalidInputError("reason", "Tulis alasannya.")
    unit_of_work(lambda: _close(_locked(count_id), CountState.CANCELLED, actor, reason.strip()))


def _close(count: StockCount, state: CountState, actor: str, reason: str = "") -> None:
    count.state, count.closed_at, count.closed_by, count.reason = state, timezone.now(), actor, reason[:200]
    count.save(update_fields=["state", "closed_at", "closed_by", "reason"])


def _locked(count_id: int) -> StockCount:
    count = StockCount.objects.select_for_update(of=("self",), no_key=True).filter(pk=count_id).first()
    if count is None or count.state != CountState.OPEN:
        raise CountRefusedError
    return count


def _newest_corrections(variant_ids: Sequence[int]) -> dict[int, int]:
    rows = StockMovement.objects.filter(variant__in=variant_ids, kind=MovementKind.ADJUST).order_by()
    return dict(rows.values("variant_id").annotate(newest=Max("pk")).values_list("variant_id", "newest"))
