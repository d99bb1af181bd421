"""Payments that should be over and are not."""

from __future__ import annotations

from django.conf import settings

from monitoring.models import Severity
from monitoring.monitors.asking import Row, ask, duration, money
from monitoring.monitors.base import Finding, Look, Monitor, Runbook, Scope
from payments.services.overdue import settle_overdue

LATE_MINUTES = 30
KILL_HOURS = 1

# Money with a problem keeps its payment open on purpose; that is amount_mismatch.
_WRONG = """
    SELECT p.gateway_id, o.number, p.status, p.amount, 'still open after its deadline' AS why,
           extract(epoch FROM now() - p.expires_at) AS age
      FROM payments_payment p JOIN orders_order o ON o.id = p.order_id
     WHERE p.status IN ('INITIATED', 'PENDING', 'CHALLENGE') AND o.payment_hold = ''
       AND p.expires_at < now() - %(late)s * interval '1 minute'
       AND (%(only)s::text[] IS NULL OR p.gateway_id = ANY(%(only)s::text[]))
     UNION ALL
    SELECT p.gateway_id, o.number, p.status, p.amount, 'Midtrans has not confirmed that it can no longer be paid',
           extract(epoch FROM now() - p.kill_asked_at)
      FROM payments_payment p JOIN orders_order o ON o.id = p.order_id
     WHERE p.kill_asked_at IS NOT NULL AND p.killed_at IS NULL
       AND p.status NOT IN ('SUCCESS', 'PARTIALLY_REFUNDED', 'REFUNDED', 'CHARGEBACK')
       AND p.kill_asked_at < now() - %(kill)s * interval '1 hour'
       AND p.expires_at >= now() - %(late)s * interval '1 minute'
       AND (%(only)s::text[] IS NULL OR p.gateway_id = ANY(%(only)s::text[]))
     ORDER BY 6 DESC"""


def look(scope: Scope) -> Look:
    """Look at every open payment, and at every one that was to be made impossible."""
    late = settings.PAYMENT_GRACE_MINUTES + LATE_MINUTES
    rows, total = ask(_WRONG, scope, only=scope.keys("payment"), late=late, kill=KILL_HOURS)
    return Look([_finding(row) for row in rows], total)


def heal(key: str) -> str:
    """Ask about the payment and close it as ``expire_orders`` would; nothing is released without Midtrans' word."""
    repair = settle_overdue(gateway_id=key.partition(":")[2], actor="run_monitors")
    return f"Midtrans was asked and the payment is over: {repair.before} -> {repair.after}" if repair else ""


def _finding(row: Row) -> Finding:
    return Finding(
        key=f"payment:{row['gateway_id']}",
        subject=f"{row['number']}: {row['gateway_id']} {row['why']}",
        details=(
            ("Order Number", row["number"]),
            ("Payment ID", row["gateway_id"]),
            ("Payment Status", row["status"]),
            ("Amount", money(row["amount"])),
            ("Why", row["why"]),
            ("Overdue By", duration(row["age"])),
        ),
    )


MONITOR = Monitor(
    name="open_payment_overdue",
    title="Open Payment Overdue",
    severity=Severity.HIGH,
    description="A payment is still open long after its deadline, or could not be made impossible",
    action="Find out why Midtrans gives no answer about it; the order's stock stays reserved meanwhile.",
    grace="45 minutes after the payment's deadline; one hour after it was to be closed",
    runbook=Runbook(
        means="expire_orders, reconcile_payments and this very run should have settled this payment and could not: "
        "Midtrans does not answer, refuses the key, or does not know the payment.",
        do="Ask about the order's payments by hand and read the answer; look at the jobs and at Gangguan Midtrans in "
        "the admin. Stock is released only when Midtrans confirms.",
        command="manage.py reconcile_payments --order NUMBER",
    ),
    look=look,
    heal=heal,
)
