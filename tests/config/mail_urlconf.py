"""The admin and the mail pages alone, for tests of these pages."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [path("admin/", admin.site.urls), path("staf/mail/", include("config.mail_urls"))]
