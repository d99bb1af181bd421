"""The only writer of ``on_hand``, ``reserved``, reservations and the stock ledger.

Every function runs inside the caller's transaction (only ``retry_short`` opens its own) and takes the locks of its
variants in id order, then those of the reservations; callers lock their order first and reserve last.
"""

from shop.services.stock.goods import adjust, receive, receive_return, return_sold
from shop.services.stock.holding import release, require_available, reserve
from shop.services.stock.lines import SHORT_MAX_ATTEMPTS
from shop.services.stock.selling import mark_short, retry_short, sell, sell_waiting

__all__ = [
    "SHORT_MAX_ATTEMPTS",
    "adjust",
    "mark_short",
    "receive",
    "receive_return",
    "release",
    "require_available",
    "reserve",
    "retry_short",
    "return_sold",
    "sell",
    "sell_waiting",
]
