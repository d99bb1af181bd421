"""The app at the bottom: what every other app stands on, and the mail outbox."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks


class ConfigConfig(AppConfig):
    """Registers the outbox's model and the check of the mail settings."""

    name = "config"
    label = "config"
    verbose_name = "Sistem"

    def ready(self) -> None:
        from config.mail.checks import check_mail_settings

        checks.register(check_mail_settings)
