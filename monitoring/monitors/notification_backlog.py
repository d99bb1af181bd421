"""Notifications of the gateway that could not be applied."""

from __future__ import annotations

from monitoring.models import Severity
from monitoring.monitors.asking import Row, ask, duration
from monitoring.monitors.base import Finding, Look, Monitor, Runbook, Scope

OVERDUE_MINUTES = 15

# What has been settled by another way since (a later notification, reconcile_payments) needs nobody any more.
_EXHAUSTED = """
    SELECT n.id, n.gateway_id, n.claimed_status, n.attempts, n.last_error,
           coalesce(p.status, 'no such payment') AS payment_status, extract(epoch FROM now() - n.received_at) AS age
      FROM payments_gatewaynotification n
      LEFT JOIN payments_payment p ON p.gateway_id = n.gateway_id
     WHERE n.outcome = 'EXHAUSTED'
       AND (p.id IS NULL OR p.status IN ('INITIATED', 'PENDING', 'CHALLENGE')
            OR (n.claimed_status IN ('settlement', 'capture') AND p.status IN ('FAILED', 'EXPIRED', 'CANCELLED')))
       AND (%(only)s::bigint[] IS NULL OR n.id = ANY(%(only)s::bigint[]))
     ORDER BY n.id"""
_OVERDUE = """
    SELECT count(*) AS waiting, extract(epoch FROM now() - min(next_attempt_at)) AS age
      FROM payments_gatewaynotification
     WHERE outcome IN ('WAITING', 'UNKNOWN_ORDER') AND next_attempt_at < now() - %(late)s * interval '1 minute'
    HAVING count(*) > 0"""


def look(scope: Scope) -> Look:
    """Look for notifications that were given up on, and for a queue that nobody works through."""
    found = Look()
    if scope.wants("notification"):
        keys = scope.keys("notification")
        rows, total = ask(_EXHAUSTED, scope, only=None if keys is None else [int(key) for key in keys])
        found += Look([_exhausted(row) for row in rows], total)
    if scope.wants("inbox"):
        rows, _ = ask(_OVERDUE, scope, late=OVERDUE_MINUTES)
        found += Look([_overdue(row) for row in rows])
    return found


def _exhausted(row: Row) -> Finding:
    return Finding(
        key=f"notification:{row['id']}",
        # What Midtrans answered, and differently, does not follow from its silence.
        kind="contradicted" if row["last_error"].startswith("mengaku") else "unanswered",
        subject=f"{row['gateway_id']}: {row['claimed_status']} not applied",
        details=(
            ("Payment ID", row["gateway_id"]),
            ("Notification Says", row["claimed_status"]),
            ("Payment Status", row["payment_status"]),
            ("Attempts", str(row["attempts"])),
            ("Last Error", row["last_error"] or "none"),
            ("Received", f"{duration(row['age'])} ago"),
        ),
    )


def _overdue(row: Row) -> Finding:
    return Finding(
        key="inbox:waiting",
        kind="queue",
        subject=f"{row['waiting']} notifications overdue",
        description="Notifications wait for another try and nobody tries: process_notifications does not run",
        details=(("Waiting", str(row["waiting"])), ("Overdue By", duration(row["age"]))),
        action="See why process_notifications does not run; start it by hand meanwhile.",
    )


MONITOR = Monitor(
    name="notification_backlog",
    title="Payment Notification Backlog",
    severity=Severity.HIGH,
    description="A notification from Midtrans could not be applied after the last automatic try",
    action="Try it again from the admin (Notifikasi Midtrans) and compare the payment with the Midtrans dashboard.",
    grace="none once given up on; 15 minutes when the queue is not worked through",
    runbook=Runbook(
        means="Midtrans told something about a payment that its own status does not confirm, or could not be asked "
        "about for an hour and a half.",
        do="Open the notification in the admin, read its last error, and process it again. If Midtrans itself shows "
        "another status than the notification says, believe the dashboard.",
        command="manage.py process_notifications",
    ),
    look=look,
)
