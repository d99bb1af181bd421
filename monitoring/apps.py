"""The app's name for Django and for staff."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    """Monitoring, the uppermost app."""

    name = "monitoring"
    verbose_name = "Pemantauan"
