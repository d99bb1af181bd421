"""Placing, reading and cancelling orders."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.openapi import problem_example, problems
from config.api.serializers import shape
from config.api.views import ApiView
from config.errors import InvalidInputError
from orders.errors import VoucherRefusedError, VoucherUsedUpError
from orders.services import OrderLine, OrderRequest, place_order
from orders.voucher_box import count_unknown, seconds_to_wait
from payments.api import examples
from payments.api.selectors import own_order, own_order_id, own_orders, was_placed, whole
from payments.api.serializers import (
    CancelInputSerializer,
    OneOrderSerializer,
    OrderInputSerializer,
    OrderSerializer,
    PlacedOrderSerializer,
)
from payments.services import BY_CUSTOMER, cancel_order
from shop.api.views import caller

REFERENCE = OpenApiParameter("reference", OpenApiTypes.STR, OpenApiParameter.PATH, description="Its id or number.")


class OrderListView(ApiView):
    """The caller's orders."""

    write_scope = "orders"

    @extend_schema(
        operation_id="listOrders",
        summary="List your orders",
        description="Newest first.",
        tags=["orders"],
        responses={200: OrderSerializer(many=True), **problems(400, 401)},
        examples=[OpenApiExample("Orders", value=examples.ORDER, response_only=True, status_codes=["200"])],
    )
    def get(self, request: Request) -> Response:
        """Answer a page of them."""
        return self.page(own_orders(caller(request)), OrderSerializer)

    @extend_schema(
        operation_id="placeOrder",
        summary="Place an order",
        description=(
            "With an idempotency key (the header `Idempotency-Key`, or the field; both, if equal) a repetition answers "
            "the first order, for ever: 200 with `duplicate: true`. A field that the repetition leaves out is not "
            "compared; any other difference is a 422. **Without a key there is no such protection.** All or nothing: "
            "when one line is short, nothing is written and every short line is named. A voucher that does not count "
            "(400) or is used up (409) refuses the order; `errors` names the field `voucherCode`. After many codes "
            "that nobody made, none is looked at for a while (429)."
        ),
        tags=["orders"],
        parameters=[
            OpenApiParameter(
                "Idempotency-Key",
                {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[!-~]([ -~]*[!-~])?$"},
                OpenApiParameter.HEADER,
                description="1 to 255 printable letters, no blank at either end.",
            ),
            OpenApiParameter(
                "Idempotent-Replayed",
                {"type": "string", "enum": ["true"]},
                OpenApiParameter.HEADER,
                response=[200],
                description="The order was placed before, under the same key.",
            ),
        ],
        request=OrderInputSerializer,
        responses={
            201: PlacedOrderSerializer,
            200: PlacedOrderSerializer,
            **problems(400, 401, 403, 404, 409, 413, 415, 422),
        },
        examples=[
            OpenApiExample("Order", value=examples.ORDER_INPUT, request_only=True),
            OpenApiExample(
                "Placed",
                value={"duplicate": False, "order": examples.ORDER},
                response_only=True,
                status_codes=["201"],
            ),
            OpenApiExample(
                "Repeated",
                value={"duplicate": True, "order": examples.ORDER},
                response_only=True,
                status_codes=["200"],
            ),
            problem_example(
                "Voucher used up",
                409,
                VoucherUsedUpError.message,
                code=VoucherUsedUpError.code,
                errors=[{"field": "voucherCode", "detail": VoucherUsedUpError.message}],
            ),
            problem_example("Short", 409, examples.SHORT_TEXT, **examples.SHORT),
            problem_example(
                "Bad quantity",
                400,
                "Jumlah paling sedikit 1.",
                code="invalid_input",
                errors=[{"field": "items[0].quantity", "detail": "Jumlah paling sedikit 1."}],
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        """Place it, or answer the one that was placed under the same key."""
        given = self.read(OrderInputSerializer, request)
        customer, key = caller(request), idempotency_key(request, given)
        wanted = order_request(given)
        if wanted.address_id is None and not (key and was_placed(customer, key)):
            raise InvalidInputError("addressId", "Sebutkan alamat pengiriman.")
        if (
            wanted.voucher_code
            and (wait := seconds_to_wait(request._request))
            and not (key and was_placed(customer, key))
        ):
            raise TooManyCodesError(wait)
        try:
            placed = place_order(customer=customer, request=wanted, key=key)
        except VoucherRefusedError as error:
            if error.context.get("reason") == "unknown":
                count_unknown(request._request)
            raise
        shown = {"duplicate": placed.duplicate, "order": whole(placed)}
        answer = shape(PlacedOrderSerializer).to_representation(shown)
        if placed.duplicate:
            return Response(answer, status=200, headers={"Idempotent-Replayed": "true"})
        return Response(answer, status=201)


class TooManyCodesError(exceptions.Throttled):
    """Too many voucher codes that nobody made came from the caller's address; none is looked at for a while."""

    default_code = "too_many_voucher_codes"
    shown = "Terlalu banyak kode voucher dicoba. Coba lagi nanti."


class OrderView(ApiView):
    """One of the caller's orders."""

    write_scope = "orders"

    @extend_schema(
        operation_id="getOrder",
        summary="Read an order",
        description="By its id or its order number. `payment` tells how it is paid, `shipments` where it is.",
        tags=["orders"],
        parameters=[REFERENCE],
        responses={200: OrderSerializer, **problems(401, 404)},
        examples=[
            OpenApiExample("Order", value=examples.ORDER, response_only=True, status_codes=["200"]),
            problem_example("Not yours", 404, "Pesanan tidak ditemukan.", code="not_found"),
        ],
    )
    def get(self, request: Request, reference: str) -> Response:
        """Answer it."""
        return Response(OrderSerializer(own_order(caller(request), reference)).data)


class CancelOrderView(ApiView):
    """Takes back an order that is not paid."""

    write_scope = "orders"

    @extend_schema(
        operation_id="cancelOrder",
        summary="Cancel an unpaid order",
        description=(
            "200: cancelled, its stock is free. 202: asked for; the order closes as soon as the gateway confirms that "
            "it cannot be paid any more. Repeatable."
        ),
        tags=["orders"],
        parameters=[REFERENCE],
        request=CancelInputSerializer,
        responses={
            200: OneOrderSerializer,
            202: OneOrderSerializer,
            **problems(400, 401, 403, 404, 409, 413, 415),
        },
        examples=[
            OpenApiExample("Reason", value={"reason": "Salah ukuran"}, request_only=True),
            OpenApiExample(
                "Cancelled",
                value={"order": examples.ORDER | {"status": "CANCELLED"}},
                response_only=True,
                status_codes=["200"],
            ),
            OpenApiExample(
                "Asked for",
                value={"order": examples.ORDER | {"isClosing": True}},
                response_only=True,
                status_codes=["202"],
            ),
            problem_example("Paid", 409, "Pesanan ini tidak dapat dibatalkan lagi.", code="cannot_cancel"),
        ],
    )
    def post(self, request: Request, reference: str) -> Response:
        """Ask for it."""
        customer = caller(request)
        order_id = own_order_id(customer, reference)
        given = self.read(CancelInputSerializer, request)
        words = given.get("reason") or ""
        closed = cancel_order(order_id=order_id, actor=f"customer:{customer.pk}", reason=BY_CUSTOMER, words=words)
        answer = {"order": own_orders(customer).get(pk=order_id)}
        return Response(OneOrderSerializer(answer).data, status=200 if closed else 202)


def order_request(given: dict[str, Any]) -> OrderRequest:
    """Return what the body asks for, as the service takes it."""
    return OrderRequest(
        lines=tuple(OrderLine(**line) for line in given["items"]),
        address_id=given.get("address_id"),
        shipping_method=given.get("shipping_method"),
        note=given.get("note") or "",
        voucher_code=given.get("voucher_code") or "",
    )


def idempotency_key(request: Request, given: dict[str, Any]) -> str | None:
    """Return the key from the header or the field. Raises InvalidInputError when they differ or cannot be one."""
    header, field = request.headers.get("Idempotency-Key"), given.get("idempotency_key")
    if header is not None and not (header.isascii() and header.isprintable() and header):
        raise InvalidInputError("Idempotency-Key", "Header ini harus berisi huruf ASCII yang dapat dicetak.")
    if header is not None and field is not None and header != field:
        raise InvalidInputError("idempotencyKey", "Header Idempotency-Key dan isian idempotencyKey berbeda.")
    return field if header is None else header
