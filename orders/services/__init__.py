"""Everything that writes orders without asking the gateway; one use case per file."""

from orders.services.cancel_requests import (
    accept_cancellation,
    decline_cancellation,
    request_cancellation,
    withdraw_request,
)
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
    "accept_cancellation",
    "clear_hold",
    "close_order",
    "complete_order",
    "decline_cancellation",
    "mark_paid",
    "place_order",
    "request_cancellation",
    "set_hold",
    "ship_order",
    "start_processing",
    "withdraw_request",
    "write_note",
]
