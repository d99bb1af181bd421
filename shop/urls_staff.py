"""Routes of the second step of a staff login."""

from django.urls import path

from shop.views import second_factor

app_name = "second-factor"

urlpatterns = [
    path("", second_factor.manage, name="manage"),
    path("kode/", second_factor.confirm, name="confirm"),
    path("pasang/", second_factor.enrol, name="enrol"),
]
