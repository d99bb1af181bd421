"""Checkout: three steps, and the search for districts."""

from django.urls import path

from orders.views.address import address
from orders.views.areas import areas
from orders.views.review import review
from orders.views.shipping import shipping

app_name = "orders"

urlpatterns = [
    path("checkout/", address, name="checkout"),
    path("checkout/pengiriman/", shipping, name="shipping"),
    path("checkout/tinjau/", review, name="review"),
    path("wilayah/", areas, name="areas"),
]
