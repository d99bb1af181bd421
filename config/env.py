"""The environment: the only module that reads environment variables.

``.env`` beside ``manage.py`` is read once; a variable that is already set wins. In production (``DEBUG`` off) every
value that must be given and is missing, or still a placeholder, is collected, and the start stops with one list.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR: Final = Path(__file__).resolve().parent.parent
PLACEHOLDER: Final = "change-me"

env = environ.Env()
if os.environ.get("SHOP_ENV_FILE", "") != "none":
    environ.Env.read_env(os.environ.get("SHOP_ENV_FILE") or BASE_DIR / ".env")

DEBUG: Final[bool] = env.bool("DEBUG", default=False)
IS_COMMAND: Final[bool] = env.str("SHOP_PROCESS", default="web") == "command"
COMMAND: Final[str] = sys.argv[1] if IS_COMMAND and len(sys.argv) > 1 else ""

_missing: list[str] = []


def required(name: str, *, debug_default: str) -> str:
    """Return the variable, or ``debug_default`` while DEBUG is on; note it as missing otherwise."""
    value: str = env.str(name, default="")
    if value and PLACEHOLDER not in value:
        return value
    if DEBUG:
        return value or debug_default
    _missing.append(name)
    return ""


def flag(name: str, *, default: bool) -> bool:
    """Read an ``on``/``off`` switch; any other word stops the start and names the variable."""
    word: str = env.str(name, default="on" if default else "off").strip().lower()
    if word in {"on", "true", "1", "yes"}:
        return True
    if word in {"off", "false", "0", "no"}:
        return False
    raise ImproperlyConfigured(f"{name} must be on or off, not {word!r}.")


def choice(name: str, *words: str) -> str:
    """Read one of ``words``, the first by default; any other stops the start and names the variable."""
    word: str = env.str(name, default=words[0]).strip().lower()
    if word not in words:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(words)}, not {word!r}.")
    return word


def stop_if_incomplete() -> None:
    """Raise ImproperlyConfigured naming every production value that is missing or a placeholder."""
    if _missing:
        names = "\n".join(f"  - {name}" for name in sorted(set(_missing)))
        raise ImproperlyConfigured(
            "DEBUG is off and these settings are missing or still placeholders (see .env.example):\n"
            f"{names}\nSet them, or set DEBUG=on on a developer's machine.",
        )
