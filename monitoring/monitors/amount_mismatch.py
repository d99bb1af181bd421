"""Money that is not the sum that was asked for."""

from __future__ import annotations

from monitoring.models import Severity
from monitoring.monitors.asking import Row, ask, duration, money, suspects
from monitoring.monitors.base import Finding, Look, Monitor, Runbook, Scope

_LATELY = """
    SELECT id FROM orders_order WHERE payment_hold <> ''
    UNION SELECT order_id FROM payments_payment
     WHERE status = 'SUCCESS' AND success_at > now() - interval '6 hours' AND order_id IS NOT NULL"""
_EVERYTHING = """
    SELECT id FROM orders_order WHERE payment_hold <> ''
    UNION SELECT order_id FROM payments_payment WHERE status = 'SUCCESS' AND order_id IS NOT NULL"""
_NAMED = "SELECT id FROM orders_order WHERE number = ANY(%(only)s::text[])"

# ``problem`` without a hold was set aside by a person.
_CAME = """
    SELECT o.number, o.status AS order_status, p.gateway_id, p.amount AS expected, t.amount AS came, t.currency,
           t.problem, extract(epoch FROM now() - t.created_at) AS age
      FROM ({suspects}) AS suspect
     CROSS JOIN LATERAL (SELECT id, number, status, payment_hold FROM orders_order WHERE id = suspect.id OFFSET 0) o
     CROSS JOIN LATERAL (SELECT id, gateway_id, amount FROM payments_payment WHERE order_id = suspect.id OFFSET 0) p
     CROSS JOIN LATERAL (SELECT id, amount, received, currency, problem, created_at FROM payments_paymenttransaction
                          WHERE payment_id = p.id AND received > charged_back
                            AND status IN ('SUCCESS', 'PARTIALLY_REFUNDED') OFFSET 0) t
     WHERE CASE WHEN t.problem <> '' THEN o.payment_hold <> '' ELSE t.received <> p.amount END
     ORDER BY t.id"""
_ASKED = """
    SELECT o.number, o.status AS order_status, p.gateway_id, o.total AS expected, p.amount AS came, 'IDR' AS currency,
           'the payment page asks for another sum than the order' AS problem,
           extract(epoch FROM now() - p.created_at) AS age
      FROM payments_payment p JOIN orders_order o ON o.id = p.order_id
     WHERE p.status IN ('INITIATED', 'PENDING', 'CHALLENGE') AND p.amount <> o.total
       AND (%(only)s::text[] IS NULL OR o.number = ANY(%(only)s::text[]))
     ORDER BY p.id"""


def look(scope: Scope) -> Look:
    """Compare what came with what was asked, and what is being asked with what is owed."""
    only = scope.keys("order")
    where = suspects(scope, "order", lately=_LATELY, everything=_EVERYTHING, named=_NAMED)
    rows, total = ask(_CAME.format(suspects=where), scope, only=only)
    more, more_total = ask(_ASKED, scope, only=only)
    return Look([_finding(row) for row in [*rows, *more]], total + more_total)


def _finding(row: Row) -> Finding:
    came = money(row["came"]) if row["currency"] == "IDR" else f"{row['currency']} {row['came']}"
    return Finding(
        key=f"order:{row['number']}",
        subject=f"{row['number']}: {came} instead of {money(row['expected'])}",
        details=(
            ("Order Number", row["number"]),
            ("Order Status", row["order_status"]),
            ("Payment ID", row["gateway_id"]),
            ("Expected Amount", money(row["expected"])),
            ("Actual Amount", came),
            ("Problem", row["problem"] or "recorded as paid although the sum differs"),
            ("Time Since Payment", duration(row["age"])),
        ),
    )


MONITOR = Monitor(
    name="amount_mismatch",
    title="Payment Amount Mismatch",
    severity=Severity.CRITICAL,
    description="The amount of a payment is not the amount of its order",
    action="Do not ship. Compare with the Midtrans dashboard, then refund, or release the hold with a reason.",
    grace="none",
    runbook=Runbook(
        means="Money came in another sum or currency than was asked for. The order is on hold and nothing moves: "
        "somebody may have tampered with a page, or a price was wrong.",
        do="Compare the transaction in the Midtrans dashboard with the order. Refund it from the order's page, or "
        "release the hold there with a reason if the difference is agreed.",
        command="manage.py reconcile_payments --order NUMBER",
    ),
    look=look,
)
