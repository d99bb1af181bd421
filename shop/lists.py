"""Which products a list shows: one statement for how many there are, one for the ids of a page.

Both read ``shop_listing``, whose indexes hold the orders; stock is asked of the variants, since it is nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from shop.written import fetch

RELEVANT, NEWEST, CHEAPEST, DEAREST = "relevansi", "terbaru", "termurah", "termahal"
ORDERS: Mapping[str, str] = MappingProxyType(
    {
        RELEVANT: "ts_rank(words, %s::tsquery) DESC, created_at DESC, product_id DESC",
        NEWEST: "created_at DESC, product_id DESC",
        CHEAPEST: "lowest_price, product_id",
        DEAREST: "lowest_price DESC, product_id DESC",
    },
)

_IN_STOCK = """EXISTS (
    SELECT FROM shop_variant v WHERE v.product_id = l.product_id AND v.is_active AND v.on_hand > v.reserved
)"""


@dataclass(frozen=True)
class Wanted:
    """Which products a list shows, and in which order.

    Prices in rupiah, both ends included, are those on the cards: of the cheapest variant. ``query`` is a tsquery
    (``shop.finding``), without one everything is found. RELEVANT needs a query and means NEWEST without one.
    """

    category_id: int | None = None
    query: str = ""
    low: int | None = None
    high: int | None = None
    in_stock: bool = False
    order: str = NEWEST


class _Statements(NamedTuple):
    total: str
    ids: str
    params: tuple[Any, ...]
    order_params: tuple[Any, ...]


class Found:
    """The products that are wanted, by their ids; without a wish there are none."""

    def __init__(self, wanted: Wanted | None) -> None:
        self.wanted = wanted
        self._count: int | None = None if wanted is not None else 0

    def count(self) -> int:
        """Return how many there are; asked once."""
        if self._count is None:
            assert self.wanted is not None
            statements = _statements(self.wanted)
            self._count = int(fetch(statements.total, statements.params)[0][0])
        return self._count

    def ids(self, first: int, most: int) -> list[int]:
        """Return at most ``most`` of them in their order, beginning with number ``first`` (from 0)."""
        if self.wanted is None:
            return []
        statements = _statements(self.wanted)
        return [pk for (pk,) in fetch(statements.ids, [*statements.params, *statements.order_params, most, first])]


@lru_cache(maxsize=256)
def _statements(wanted: Wanted) -> _Statements:
    conditions = ["lowest_price IS NOT NULL"]
    params: list[int | str] = []
    if wanted.category_id is not None:
        conditions.append("category_id = %s")
        params.append(wanted.category_id)
    if wanted.query:
        conditions.append("words @@ %s::tsquery")
        params.append(wanted.query)
    if wanted.low is not None:
        conditions.append("lowest_price >= %s")
        params.append(wanted.low)
    if wanted.high is not None:
        conditions.append("lowest_price <= %s")
        params.append(wanted.high)
    if wanted.in_stock:
        conditions.append(_IN_STOCK)
    order = NEWEST if wanted.order == RELEVANT and not wanted.query else wanted.order
    found = f"FROM shop_listing l WHERE {' AND '.join(conditions)}"
    return _Statements(
        total=f"SELECT count(*) {found}",
        ids=f"SELECT product_id {found} ORDER BY {ORDERS[order]} LIMIT %s OFFSET %s",
        params=tuple(params),
        order_params=(wanted.query,) if order == RELEVANT else (),
    )
