"""The admin, its menu's pages and the mail pages alone, for tests of these pages."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("monitoring.urls")),  # the staff's menu leads there
    path("staf/langkah-kedua/", include("shop.urls_staff")),  # and there
    path("admin/", admin.site.urls),
    path("staf/mail/", include("config.mail_urls")),
]
