"""Routes of orders and payments under ``/api/``; a slash at the end works as well (``config.api.urls``)."""

from __future__ import annotations

from django.urls import path, re_path

from payments.api.orders import CancelOrderView, OrderListView, OrderView
from payments.api.payment import PaymentCreateView

app_name = "payments_api"
REFERENCE = r"(?P<reference>[A-Za-z0-9\-]{1,40})"

urlpatterns = [
    path("orders", OrderListView.as_view(), name="orders"),
    re_path(rf"^orders/{REFERENCE}$", OrderView.as_view(), name="order"),
    re_path(rf"^orders/{REFERENCE}/cancel$", CancelOrderView.as_view(), name="cancel"),
    path("payment/create", PaymentCreateView.as_view(), name="payment_create"),
]
