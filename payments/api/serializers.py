"""The JSON of orders and payments. Money is whole rupiah; ids in answers are strings."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.api.serializers import MAX_BIGINT, ApiSerializer, IdField, QuantityField, TextField, TextIdField, shape
from orders.models import Order
from orders.services.request import MAX_KEY_LENGTH
from orders.states import OrderStatus
from payments.api.selectors import WholeOrder, shown_payment
from payments.models import Payment
from payments.states import PaymentStatus

_REFERENCE = re.compile(r"[A-Za-z0-9\-]{1,40}")


class OrderLineInputSerializer(ApiSerializer):
    """Units of one product; `variantId` may be left out when the product has only one variant."""

    product_id = IdField()
    variant_id = IdField(required=False, allow_null=True, default=None)
    quantity = QuantityField(min_value=1, max_value=settings.MAX_UNITS_PER_LINE)


class OrderInputSerializer(ApiSerializer):
    """What is ordered, and where it goes."""

    # Not ``many=True``: that would give the sentences of the list to its lines as well.
    items: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=OrderLineInputSerializer(),
        allow_empty=False,
        max_length=settings.MAX_ORDER_LINES,
        error_messages={
            "required": "Sebutkan paling sedikit satu barang.",
            "null": "Sebutkan paling sedikit satu barang.",
            "empty": "Sebutkan paling sedikit satu barang.",
            "not_a_list": "Kirim sebuah daftar.",
            "max_length": "Paling banyak {max_length} baris.",
        },
    )
    address_id = IdField(required=False, help_text="One of your addresses; only a repetition may leave it out.")
    idempotency_key = TextField(
        required=False,
        max_length=MAX_KEY_LENGTH,
        trim_whitespace=False,
        help_text="The same as the header `Idempotency-Key`. Without a key a repetition places a second order.",
    )
    shipping_method = TextField(
        required=False,
        allow_null=True,
        max_length=40,
        help_text="Without one: the cheapest that reaches the address.",
    )
    note = TextField(required=False, allow_null=True, allow_blank=True, max_length=300, multiline=True)
    voucher_code = TextField(
        required=False,
        allow_null=True,
        max_length=40,
        help_text="Capitals and blanks do not matter. A code that does not count is refused, never ignored.",
    )


class CancelInputSerializer(ApiSerializer):
    """Why; it may be left out."""

    reason = TextField(required=False, allow_null=True, allow_blank=True, max_length=200)


@extend_schema_field({"oneOf": [{"type": "string"}, {"type": "integer", "minimum": 1}]})
class OrderReferenceField(serializers.Field[str, Any, str, Any]):
    """An order's id (number or digits) or its order number."""

    default_error_messages = {"invalid": "Id pesanan tidak valid.", "required": "Isian ini wajib."}

    def to_internal_value(self, data: Any) -> str:
        if type(data) is int and 1 <= data <= MAX_BIGINT:
            return str(data)
        if not isinstance(data, str) or not _REFERENCE.fullmatch(data):
            self.fail("invalid")
        if data.isdecimal() and not 1 <= int(data) <= MAX_BIGINT:
            self.fail("invalid")
        return data

    def to_representation(self, value: Any) -> str:
        return str(value)


class PaymentInputSerializer(ApiSerializer):
    """Which order is to be paid."""

    order_id = OrderReferenceField(error_messages={"null": "Isian ini wajib."})


class OrderItemSerializer(ApiSerializer):
    """One line, as it was when the order was placed."""

    product_id = TextIdField(source="variant.product_id")
    variant_id = TextIdField()
    sku = serializers.CharField()
    name = serializers.CharField()
    variant_name = serializers.CharField()
    unit_price = serializers.IntegerField()
    quantity = serializers.IntegerField()
    line_total = serializers.IntegerField()


class OrderPaymentSerializer(ApiSerializer):
    """How the payment stands. `redirectUrl` is there while it can be paid."""

    status = serializers.ChoiceField(choices=PaymentStatus.choices)
    method = serializers.CharField(allow_null=True, help_text="Null until one was chosen.")
    amount = serializers.IntegerField()
    redirect_url = serializers.URLField(required=False)
    expires_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(source="success_at", allow_null=True)

    def to_representation(self, instance: Payment) -> dict[str, Any]:
        shown = super().to_representation(instance)
        shown["method"] = instance.method or None
        if not (instance.is_open and instance.redirect_url and instance.kill_asked_at is None):
            del shown["redirectUrl"]
        return shown


class ShippingAddressSerializer(ApiSerializer):
    """Where the order goes, as it was when the order was placed."""

    recipient = serializers.CharField()
    phone = serializers.CharField()
    province = serializers.CharField()
    city = serializers.CharField()
    district = serializers.CharField()
    postal_code = serializers.CharField()
    street = serializers.CharField()


class ShipmentSerializer(ApiSerializer):
    """A parcel that left."""

    courier = serializers.CharField()
    tracking_number = serializers.CharField()
    shipped_at = serializers.DateTimeField()


class OrderSerializer(ApiSerializer):
    """An order with its lines, its money and its parcels."""

    id = TextIdField()
    order_number = serializers.CharField(source="number")
    status = serializers.ChoiceField(choices=OrderStatus.choices)
    is_closing = serializers.BooleanField(help_text="To be cancelled or expired as soon as the gateway confirms.")
    items = OrderItemSerializer(many=True)
    subtotal = serializers.IntegerField()
    shipping_cost = serializers.IntegerField()
    discount = serializers.IntegerField()
    voucher_code = serializers.CharField(allow_null=True, help_text="Null without a voucher.")
    total = serializers.IntegerField()
    currency = serializers.SerializerMethodField()
    shipping_method = serializers.CharField()
    courier = serializers.CharField()
    shipping_address = ShippingAddressSerializer(source="*")
    note = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)
    payment = serializers.SerializerMethodField()
    shipments = ShipmentSerializer(many=True)

    def to_representation(self, instance: Order | WholeOrder) -> dict[str, Any]:
        shown = super().to_representation(instance)
        shown["voucherCode"] = instance.voucher_code or None
        return shown

    def get_currency(self, order: Order) -> str:
        return "IDR"

    @extend_schema_field(OrderPaymentSerializer(allow_null=True))
    def get_payment(self, order: Order | WholeOrder) -> Any:
        payment = shown_payment(order)
        return shape(OrderPaymentSerializer).to_representation(payment) if payment else None


class PlacedOrderSerializer(ApiSerializer):
    """The order, and whether this request had placed it before."""

    duplicate = serializers.BooleanField()
    order = OrderSerializer()


class OneOrderSerializer(ApiSerializer):
    """The order as it is now."""

    order = OrderSerializer()


class StartedPaymentSerializer(ApiSerializer):
    """Where the order is paid."""

    message = serializers.CharField(required=False, help_text="Only when `duplicate`.")
    token = serializers.CharField(help_text="For Snap's own script.")
    redirect_url = serializers.CharField(help_text="Midtrans' page.")
    duplicate = serializers.BooleanField(help_text="Whether it had been open already.")
