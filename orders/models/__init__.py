from orders.models.cancel_request import CancelRequest, CancelRequestState
from orders.models.event import OrderEvent
from orders.models.order import Order, OrderItem
from orders.models.shipment import ProvinceZone, Shipment, ShippingMethod, ShippingRate, ShippingZone
from orders.models.voucher import Voucher, VoucherUse

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
    "Voucher",
    "VoucherUse",
]
