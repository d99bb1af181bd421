"""An order that was paid more than once."""

from __future__ import annotations

from monitoring.models import Severity
from monitoring.monitors.asking import Row, ask, money, suspects
from monitoring.monitors.base import Finding, Look, Monitor, Runbook, Scope

_MARKED = """
    SELECT p.order_id AS id FROM payments_paymenttransaction t JOIN payments_payment p ON p.id = t.payment_id
     WHERE t.surplus AND t.status IN ('SUCCESS', 'PARTIALLY_REFUNDED') AND p.order_id IS NOT NULL"""
# The marking is what the shop itself noted; the pairs are what it may have failed to note.
_LATELY = f"""{_MARKED}
    UNION SELECT p.order_id FROM payments_payment p
     CROSS JOIN LATERAL (SELECT 1 FROM payments_payment q
                          WHERE q.order_id = p.order_id AND q.id <> p.id AND q.status = 'SUCCESS' OFFSET 0) other
     WHERE p.status = 'SUCCESS' AND p.success_at > now() - interval '6 hours'"""  # noqa: S608 - our own text
_EVERYTHING = f"""{_MARKED}
    UNION SELECT order_id FROM payments_payment WHERE status = 'SUCCESS' AND order_id IS NOT NULL
     GROUP BY order_id HAVING count(*) > 1"""  # noqa: S608 - our own text
_NAMED = "SELECT id FROM orders_order WHERE number = ANY(%(only)s::text[])"

_WRONG = """
    SELECT o.number, o.status AS order_status, paid.payments, paid.ids, paid.amount,
           coalesce(seen.transactions, 0) AS transactions, coalesce(seen.surplus, 0) AS surplus, seen.amount AS received
      FROM ({suspects}) AS suspect
     CROSS JOIN LATERAL (SELECT id, number, status FROM orders_order WHERE id = suspect.id OFFSET 0) o
     CROSS JOIN LATERAL (SELECT count(*) AS payments, sum(p.amount)::bigint AS amount,
                                string_agg(p.gateway_id, ', ' ORDER BY p.id) AS ids
                           FROM payments_payment p
                          WHERE p.order_id = o.id AND p.status IN ('SUCCESS', 'PARTIALLY_REFUNDED')) paid
     CROSS JOIN LATERAL (SELECT count(*) AS transactions, count(*) FILTER (WHERE t.surplus) AS surplus,
                                sum(t.received)::bigint AS amount
                           FROM payments_payment p JOIN payments_paymenttransaction t ON t.payment_id = p.id
                          WHERE p.order_id = o.id AND t.status IN ('SUCCESS', 'PARTIALLY_REFUNDED')) seen
     WHERE paid.payments > 1 OR seen.surplus > 0
     ORDER BY o.id"""


def look(scope: Scope) -> Look:
    """Look for orders with money marked as surplus, and for pairs of successful payments."""
    where = suspects(scope, "order", lately=_LATELY, everything=_EVERYTHING, named=_NAMED)
    rows, total = ask(_WRONG.format(suspects=where), scope, only=scope.keys("order"))
    return Look([_finding(row) for row in rows], total)


def _finding(row: Row) -> Finding:
    count = max(row["payments"], row["transactions"])
    total = max(row["amount"] or 0, row["received"] or 0)
    return Finding(
        key=f"order:{row['number']}",
        subject=f"{row['number']}: paid {count} times, {money(total)}",
        details=(
            ("Order Number", row["number"]),
            ("Order Status", row["order_status"]),
            ("Payment Count", str(count)),
            ("Total Amount", money(total)),
            ("Payment IDs", row["ids"] or "none"),
            ("Marked As Surplus", str(row["surplus"])),
        ),
    )


MONITOR = Monitor(
    name="duplicate_payment",
    title="Duplicate Payment SUCCESS",
    severity=Severity.CRITICAL,
    description="More than one payment of the same order succeeded",
    action="Give the surplus back: open the order in the admin and refund the payment that is marked Kelebihan bayar.",
    grace="none",
    runbook=Runbook(
        means="The customer paid twice. Stock was taken once; the further money is recorded and belongs to the "
        "customer.",
        do="Refund the surplus from the order's page in the admin, then tell the customer. The alert ends when the "
        "refund is done.",
        command="manage.py reconcile_payments --order NUMBER",
    ),
    look=look,
)
