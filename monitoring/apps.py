"""The app's name for Django and for staff."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class MonitoringConfig(AppConfig):
    """Monitoring, the uppermost app."""

    name = "monitoring"
    verbose_name = "Pemantauan"

    def ready(self) -> None:
        """Time the statements of every connection from now on, and follow the breaker."""
        # Models are not loaded before this point.
        from monitoring.counters import watch_breaker
        from monitoring.middleware import watch_statements

        connection_created.connect(watch_statements, dispatch_uid="monitoring.watch_statements")
        watch_breaker()
