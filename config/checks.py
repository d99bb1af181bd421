"""Which of Django's system checks a command of the shop waits for."""

from __future__ import annotations

from typing import Final

SETTINGS: Final = "settings"
"""The tag of the checks of what an operator may set. Those of models, addresses and templates load the whole shop."""
