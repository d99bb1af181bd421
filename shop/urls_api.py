"""Routes of the shop's own API, under ``/api/``; a slash at the end works as well (``config.api.urls``)."""

from __future__ import annotations

from django.urls import path, re_path

from shop.api import views

app_name = "shop_api"

urlpatterns = [
    path("auth/token", views.TokenView.as_view(), name="token"),
    path("products", views.ProductListView.as_view(), name="products"),
    re_path(r"^products/(?P<id>[0-9]{1,19})$", views.ProductView.as_view(), name="product"),
    path("addresses", views.AddressView.as_view(), name="addresses"),
]
