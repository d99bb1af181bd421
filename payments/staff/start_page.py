"""The numbers on the first page: what is to be done now, each with the way to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q
from django.http import HttpRequest
from django.urls import reverse

from payments.staff import lists
from payments.staff.lists import COUNT_LIMIT
from shop.models import Reservation, ReservationState, Variant
from shop.selectors import running_low


@dataclass(frozen=True)
class Card:
    """One number, its words and where it leads; ``alarming`` when it should be nought and is not."""

    title: str
    number: int
    url: str
    icon: str
    alarming: bool = False

    @property
    def text(self) -> str:
        """Return the number as far as it was counted."""
        return f"{COUNT_LIMIT - 1}+" if self.number >= COUNT_LIMIT else str(self.number)


def add_numbers(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the cards that this person may open to the first page's context."""
    return context | {"cards": [*_order_cards(request), *_stock_cards(request), *_money_cards(request)]}


def _order_cards(request: HttpRequest) -> list[Card]:
    if not request.user.has_perm("orders.view_order"):
        return []
    url = reverse("admin:orders_order_changelist")
    sees_money = request.user.has_perm("payments.view_payment")
    parts = {"kirim": lists.to_ship()} | ({"menunggu": lists.to_be_paid()} if sees_money else {})
    found = lists.counts(parts)
    cards = [Card("Perlu dikirim", found["kirim"], f"{url}?tampilan=kirim", "package")]
    if sees_money:
        attention = len(lists.attention_ids())
        alarm = Card("Perlu perhatian", attention, f"{url}?tampilan=perhatian", "triangle-alert", attention > 0)
        waiting = Card("Menunggu bayar", found["menunggu"], f"{url}?tampilan=menunggu", "clock")
        return [alarm, *cards, waiting]
    return cards


def _stock_cards(request: HttpRequest) -> list[Card]:
    if not request.user.has_perm("shop.view_variant"):
        return []
    url = reverse("admin:shop_variant_changelist")
    waiting = Reservation.objects.filter(state=ReservationState.SHORT).values("variant")
    short = Variant.objects.filter(Q(reserved__gt=F("on_hand")) | Q(pk__in=waiting))
    low = running_low()
    missing = short[:COUNT_LIMIT].count()
    return [
        Card("Kurang stok", missing, f"{url}?stok=kurang", "triangle-alert", missing > 0),
        Card("Stok menipis", low[:COUNT_LIMIT].count(), f"{url}?stok=menipis", "shopping-bag"),
    ]


def _money_cards(request: HttpRequest) -> list[Card]:
    if not request.user.has_perm("payments.view_payment"):
        return []
    orphans = lists.orphans()[:COUNT_LIMIT].count()
    if not orphans:
        return []
    url = reverse("admin:payments_payment_changelist")
    return [Card("Uang tanpa pesanan", orphans, f"{url}?pesanan=tanpa", "wallet", alarming=True)]
