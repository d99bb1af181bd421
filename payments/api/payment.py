"""Starting to pay."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.openapi import problem_example, problems
from config.api.views import ApiView
from payments.api import examples
from payments.api.selectors import own_order_id
from payments.api.serializers import PaymentInputSerializer, StartedPaymentSerializer
from payments.services import start_payment
from shop.api.views import caller

ALREADY = "Pembayaran sudah diproses"


class PaymentCreateView(ApiView):
    """Opens the payment page of an order, once."""

    write_scope = "payments"

    @extend_schema(
        operation_id="createPayment",
        summary="Start paying an order",
        description=(
            "201: a page was made at the gateway. 200: one is open already, and it is the same. The stock is checked "
            "first; when it is short the gateway is not called. When the gateway is away the order stays payable."
        ),
        tags=["payments"],
        request=PaymentInputSerializer,
        responses={
            201: StartedPaymentSerializer,
            200: StartedPaymentSerializer,
            **problems(400, 401, 403, 404, 409, 413, 415),
        },
        examples=[
            OpenApiExample("Payment", value={"orderId": "501"}, request_only=True),
            OpenApiExample("Started", value=examples.STARTED, response_only=True, status_codes=["201"]),
            OpenApiExample("Open already", value=examples.STARTED_AGAIN, response_only=True, status_codes=["200"]),
            problem_example("Paid", 409, "Order sudah dibayar", code="already_paid"),
            problem_example("Short", 409, examples.SHORT_TEXT, **examples.SHORT),
            problem_example(
                "Gateway away",
                503,
                "Layanan pembayaran sedang tidak dapat dihubungi. Pesananmu aman; coba lagi sebentar.",
                code="gateway_unavailable",
                retryAfter=30,
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        """Start, or answer the page that is open."""
        given = self.read(PaymentInputSerializer, request)
        order_id = own_order_id(caller(request), given["order_id"])
        started = start_payment(order_id=order_id)
        page = {"token": started.token, "redirectUrl": started.redirect_url, "duplicate": started.duplicate}
        if started.duplicate:
            return Response({"message": ALREADY, **page}, status=200)
        return Response(page, status=201)
