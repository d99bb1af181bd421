"""A paid line whose stock could not be taken, however often it was tried."""

from __future__ import annotations

from monitoring.models import Severity
from monitoring.monitors.asking import Row, ask, duration
from monitoring.monitors.base import Finding, Look, Monitor, Runbook, Scope
from shop.services.stock import SHORT_MAX_ATTEMPTS

_WRONG = """
    SELECT r.reference, max(o.status) AS order_status, max(r.attempts) AS attempts,
           string_agg(v.sku || ' × ' || r.quantity || ' (on hand ' || v.on_hand || ')', ', ' ORDER BY r.id) AS lines,
           extract(epoch FROM now() - min(coalesce(o.paid_at, r.created_at))) AS age
      FROM shop_reservation r
      JOIN shop_variant v ON v.id = r.variant_id
      LEFT JOIN orders_order o ON o.number = r.reference
     WHERE r.state = 'SHORT' AND r.attempts >= %(most)s
       AND (%(only)s::text[] IS NULL OR r.reference = ANY(%(only)s::text[]))
     GROUP BY r.reference ORDER BY min(r.id)"""


def look(scope: Scope) -> Look:
    """Look for SHORT lines that are not tried again."""
    rows, total = ask(_WRONG, scope, only=scope.keys("order"), most=SHORT_MAX_ATTEMPTS)
    return Look([_finding(row) for row in rows], total)


def _finding(row: Row) -> Finding:
    return Finding(
        key=f"order:{row['reference']}",
        subject=f"{row['reference']}: {row['lines']}",
        details=(
            ("Order Number", row["reference"]),
            ("Order Status", row["order_status"] or "no such order"),
            ("Items", row["lines"]),
            ("Attempts", str(row["attempts"])),
            ("Time Since Payment", duration(row["age"])),
        ),
    )


MONITOR = Monitor(
    name="stock_reduction_exhausted",
    title="Stock Reduction Retry Exhausted",
    severity=Severity.HIGH,
    description="The order is paid, and its stock could not be taken after the last automatic try",
    action="Book the missing goods, or refund the order and tell the customer.",
    grace="none, after five tries within about an hour and a half",
    runbook=Runbook(
        means="A customer has paid for something that is not on the shelf. The order cannot be shipped meanwhile.",
        do="Receive or adjust the stock in the admin (Varian): waiting lines are then sold oldest first, by "
        "themselves. If there is nothing to receive, cancel with a refund from the order's page.",
        command="manage.py process_notifications",
    ),
    look=look,
)
