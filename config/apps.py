"""The app at the bottom: what every other app stands on, and the mail outbox."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks


class ConfigConfig(AppConfig):
    """Registers the outbox's model and the checks of the mail settings and the time limits."""

    name = "config"
    label = "config"
    verbose_name = "Sistem"

    def ready(self) -> None:
        from config.checks import SETTINGS
        from config.database.checks import check_time_limits
        from config.mail.checks import check_mail_settings

        checks.register(check_time_limits, SETTINGS)
        checks.register(check_mail_settings, SETTINGS)
