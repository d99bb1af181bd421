from orders.models.cancel_request import CancelRequest, CancelRequestState
from orders.models.event import OrderEvent
from orders.models.order import Order, OrderItem
from orders.models.shipment import ProvinceZone, Shipment, ShippingMethod, ShippingRate, ShippingZone

__all__ = [
    "CancelRequest",
    "CancelRequestState",
    "Order",
    "OrderEvent",
    "OrderItem",
    "ProvinceZone",
    "Shipment",
    "ShippingMethod",
    "ShippingRate",
    "ShippingZone",
]
