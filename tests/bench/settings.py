"""The shop's production settings, minus what only a deployment has: hashed static files and HTTPS."""

from typing import Any

from config.settings import *  # noqa: F403

STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
