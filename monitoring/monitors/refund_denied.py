"""Money that was shown as given back and is still here: the bank denied the refund afterwards."""

from __future__ import annotations

from monitoring.models import Severity
from monitoring.monitors.asking import Row, ask, duration, money
from monitoring.monitors.base import Finding, Look, Monitor, Runbook, Scope

# The same sums as ``payments.staff.lists.money_still_here``: what was begun since the first denial counts against it.
_STILL_HERE = """
    SELECT t.transaction_id, p.gateway_id, coalesce(o.number, 'no such order') AS number,
           coalesce(o.status, '-') AS order_status,
           denied.keys, denied.amount - again.amount AS owed, extract(epoch FROM now() - denied.first_at) AS age
      FROM (SELECT transaction_id, string_agg(refund_key, ', ' ORDER BY id) AS keys, sum(amount)::bigint AS amount,
                   min(denied_at) AS first_at
              FROM payments_refund WHERE denied_at IS NOT NULL GROUP BY transaction_id) denied
      JOIN payments_paymenttransaction t ON t.id = denied.transaction_id
      JOIN payments_payment p ON p.id = t.payment_id
      LEFT JOIN orders_order o ON o.id = p.order_id
     CROSS JOIN LATERAL (SELECT coalesce(sum(r.amount), 0)::bigint AS amount FROM payments_refund r
                          WHERE r.transaction_id = t.id AND r.created_at > denied.first_at
                            AND (r.state <> 'FAILED' OR r.denied_at IS NOT NULL)
                        ) again
     WHERE t.status IN ('SUCCESS', 'PARTIALLY_REFUNDED') AND denied.amount > again.amount
       AND (%(only)s::text[] IS NULL OR t.transaction_id = ANY(%(only)s::text[]))
     ORDER BY denied.first_at"""


def look(scope: Scope) -> Look:
    """Look for refunds that were DONE, were denied, and whose money nobody has begun to give back again."""
    if not scope.wants("transaction"):
        return Look()
    rows, total = ask(_STILL_HERE, scope, only=scope.keys("transaction"))
    return Look([_finding(row) for row in rows], total)


def _finding(row: Row) -> Finding:
    return Finding(
        key=f"transaction:{row['transaction_id']}",
        subject=f"{row['number']}: {money(row['owed'])} not given back",
        details=(
            ("Order Number", row["number"]),
            ("Order Status", row["order_status"]),
            ("Payment ID", row["gateway_id"]),
            ("Refund", row["keys"]),
            ("Still To Give Back", money(row["owed"])),
            ("Time Since Denial", duration(row["age"])),
        ),
    )


MONITOR = Monitor(
    name="refund_denied",
    title="Refund Denied Afterwards",
    severity=Severity.HIGH,
    description="A refund that was recorded as done was denied by the bank, and the customer does not have the money",
    action="Give the money back again from the order's page in the admin, by bank transfer if the card refused it.",
    grace="two answers of Midtrans, ten minutes apart",
    runbook=Runbook(
        means="Midtrans had shown a refund and shows it no more: the customer's bank did not take it. The customer was "
        "told by e-mail that the money is back, and an order that was closed because of it stays closed.",
        do="Compare with the Midtrans dashboard, then refund again from the order's page (the list Perlu perhatian "
        "shows it as Uang belum kembali) and tell the customer. The alert ends when as much has been asked for again.",
        command="manage.py reconcile_payments --order NUMBER",
    ),
    look=look,
)
