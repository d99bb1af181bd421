"""What was sold and has not left the warehouse; ``shop`` knows it as the hook UNSENT_UNITS."""

from __future__ import annotations

from django.db.models import Sum

from orders.models import Order
from orders.states import PAID_UNSENT
from shop.models import Reservation, ReservationState


def unsent_units(variant_id: int) -> int:
    """Return the units of a variant that paid orders took out of the books and no parcel took out of the house yet."""
    paid = Order.objects.filter(status__in=PAID_UNSENT).values("number")
    sold = Reservation.objects.filter(variant=variant_id, state=ReservationState.SOLD, reference__in=paid)
    units: int | None = sold.aggregate(units=Sum("quantity"))["units"]
    return units or 0
