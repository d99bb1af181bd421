"""Stock in a known state, and short ways to read it."""

from __future__ import annotations

from django.db import transaction

from shop.models import Reservation, ReservationState, StockMovement, Variant
from shop.services import stock

HELD, SHORT, SOLD, RELEASED = (
    ReservationState.HELD,
    ReservationState.SHORT,
    ReservationState.SOLD,
    ReservationState.RELEASED,
)


def shelf(variant: Variant) -> tuple[int, int]:
    """Return (on_hand, reserved)."""
    return Variant.objects.values_list("on_hand", "reserved").get(pk=variant.pk)


def state(reference: str, variant: Variant | None = None) -> str:
    lines = Reservation.objects.filter(reference=reference)
    return str((lines.filter(variant=variant) if variant else lines).get().state)


def hold(reference: str, *lines: tuple[Variant, int]) -> None:
    with transaction.atomic():
        stock.reserve(reference=reference, quantities={variant.pk: quantity for variant, quantity in lines})


def sold(reference: str, *lines: tuple[Variant, int]) -> None:
    hold(reference, *lines)
    assert stock.sell(reference=reference, actor="test") == []


def short(reference: str, *lines: tuple[Variant, int]) -> None:
    """Leave lines SHORT: paid for, while somebody found the shelf empty."""
    hold(reference, *lines)
    for variant, _ in lines:
        on_hand, _reserved = shelf(variant)
        if on_hand:
            stock.adjust(variant_id=variant.pk, delta=-on_hand, reason="hilang", actor="test")
    stock.sell(reference=reference, actor="test")


def ledger(variant: Variant) -> list[tuple[str, int, int]]:
    """Return (kind, delta, balance) from the first movement on."""
    rows = StockMovement.objects.filter(variant=variant).order_by("pk")
    return list(rows.values_list("kind", "delta", "balance"))


def back(variant: Variant, quantity: int, *, reference: str = "R", parcel: str = "RET-1") -> None:
    with transaction.atomic():
        stock.receive_return(
            reference=reference,
            return_reference=parcel,
            quantities={variant.pk: quantity},
            actor="gudang",
            reason="retur",
        )
