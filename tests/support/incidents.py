"""Incidents as the monitors would have made them."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from monitoring import incidents
from monitoring.models import Incident
from monitoring.monitors import BY_NAME, Finding


def make_incident(monitor: str = "stock_negative", key: str = "variant:KOPI-1", **finding: Any) -> Incident:
    """Return a live incident that a look of ``monitor`` found."""
    found = Finding(key=key, subject=f"{key}: salah", details=(("SKU", "KOPI-1"), ("On Hand", "-2")), **finding)
    with transaction.atomic():
        incidents.record(BY_NAME[monitor], [found], clean=(), now=timezone.now())
    return Incident.objects.latest("pk")
