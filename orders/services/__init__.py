"""Everything that writes orders without asking the gateway; one use case per file."""

from orders.services.place import OrderLine, OrderRequest, PlacedOrder, place_order
from orders.services.state import (
    clear_hold,
    close_order,
    complete_order,
    mark_paid,
    set_hold,
    ship_order,
    start_processing,
    write_note,
)

__all__ = [
    "OrderLine",
    "OrderRequest",
    "PlacedOrder",
    "clear_hold",
    "close_order",
    "complete_order",
    "mark_paid",
    "place_order",
    "set_hold",
    "ship_order",
    "start_processing",
    "write_note",
]
