"""The monitors: one module each, one question each. ``MONITORS`` is the order they run in, critical ones first."""

from __future__ import annotations

from monitoring.monitors import (
    amount_mismatch,
    backup_age,
    bad_signature_spike,
    database_down,
    duplicate_payment,
    gateway_trouble,
    integration_backlog,
    invariants,
    job_silence,
    mail_backlog,
    monitor_failing,
    notification_backlog,
    open_payment_overdue,
    order_stuck,
    payment_order_mismatch,
    refund_denied,
    reservation_leak,
    stock_negative,
    stock_reduction_exhausted,
    webhook_silence,
)
from monitoring.monitors.base import LIMIT, Finding, Look, Monitor, Runbook, Scope

MONITORS: tuple[Monitor, ...] = (
    database_down.MONITOR,
    payment_order_mismatch.MONITOR,
    stock_negative.MONITOR,
    duplicate_payment.MONITOR,
    amount_mismatch.MONITOR,
    stock_reduction_exhausted.MONITOR,
    refund_denied.MONITOR,
    # Causes come before what they mute.
    gateway_trouble.MONITOR,
    order_stuck.MONITOR,
    open_payment_overdue.MONITOR,
    notification_backlog.MONITOR,
    webhook_silence.MONITOR,
    bad_signature_spike.MONITOR,
    reservation_leak.MONITOR,
    mail_backlog.MONITOR,
    integration_backlog.MONITOR,
    job_silence.MONITOR,
    backup_age.MONITOR,
    invariants.MONITOR,
    # Last, so that it sees what this very run did not manage.
    monitor_failing.MONITOR,
)
BY_NAME = {monitor.name: monitor for monitor in MONITORS}

__all__ = ["BY_NAME", "LIMIT", "MONITORS", "Finding", "Look", "Monitor", "Runbook", "Scope"]
