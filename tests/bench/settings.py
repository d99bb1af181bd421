"""The shop's production settings, minus what only a deployment has: hashed static files and HTTPS."""

from typing import Any

from config.settings import *  # noqa: F403
from config.settings import STORAGES as _STORAGES

STORAGES: dict[str, Any] = _STORAGES | {  # type: ignore[no-redef]
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
