"""Routes for machines and people that watch the shop."""

from django.contrib import admin
from django.urls import path

from monitoring import health, metrics
from monitoring.dashboard.view import dashboard

app_name = "monitoring"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/pemantauan/", admin.site.admin_view(dashboard), name="dashboard"),
    path("metrics", metrics.metrics, name="metrics"),
]
