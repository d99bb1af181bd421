"""Checkout: three steps, the voucher, the estimate of shipping, and the search for districts."""

from django.urls import path

from orders.views.address import address
from orders.views.areas import areas
from orders.views.estimate import estimate
from orders.views.review import review
from orders.views.shipping import shipping
from orders.views.voucher import voucher

app_name = "orders"

urlpatterns = [
    path("checkout/", address, name="checkout"),
    path("checkout/pengiriman/", shipping, name="shipping"),
    path("checkout/tinjau/", review, name="review"),
    path("checkout/voucher/", voucher, name="voucher"),
    path("ongkir/", estimate, name="estimate"),
    path("wilayah/", areas, name="areas"),
]
