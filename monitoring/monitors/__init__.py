"""The monitors: one module each, one question each. ``MONITORS`` is the order they run in, critical ones first."""

from __future__ import annotations

from monitoring.monitors import database_down, payment_order_mismatch
from monitoring.monitors.base import LIMIT, Finding, Look, Monitor, Runbook, Scope

MONITORS: tuple[Monitor, ...] = (database_down.MONITOR, payment_order_mismatch.MONITOR)
BY_NAME = {monitor.name: monitor for monitor in MONITORS}

__all__ = ["BY_NAME", "LIMIT", "MONITORS", "Finding", "Look", "Monitor", "Runbook", "Scope"]
