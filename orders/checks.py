"""The system check of what an invoice has to say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error


def check_seller(*, app_configs: Iterable[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """A PKP is named on its invoices, with address and NPWP; without, it must not charge PPN."""
    if not settings.SHOP_IS_PKP:
        return []
    missing = [
        name for name in ("SHOP_LEGAL_NAME", "SHOP_ADDRESS", "SHOP_NPWP") if not str(getattr(settings, name)).strip()
    ]
    if not missing:
        return []
    return [Error(f"SHOP_IS_PKP is on, and an invoice with PPN needs {', '.join(missing)}.", id="orders.E001")]
