"""Money that came, and an order that does not know it; or the other way round."""

from __future__ import annotations

from monitoring.models import Severity
from monitoring.monitors.asking import Row, ask, duration, money, suspects
from monitoring.monitors.base import Finding, Look, Monitor, Runbook, Scope
from orders.models import Order
from payments.services.reapply import reapply

# Six hours are seventy runs; the nightly run looks at everything, whatever kept these from running.
# Asked from the order's side, status by status: each part has a partial index that is nearly empty.
_LATELY = """
    SELECT id FROM orders_order WHERE status = 'PENDING_PAYMENT'
    UNION SELECT id FROM orders_order
     WHERE status IN ('EXPIRED', 'CANCELLED') AND status_at > now() - interval '6 hours'
    UNION SELECT order_id FROM payments_payment
     WHERE status = 'SUCCESS' AND success_at > now() - interval '6 hours' AND order_id IS NOT NULL"""
_EVERYTHING = "SELECT id FROM orders_order WHERE status IN ('PENDING_PAYMENT', 'EXPIRED', 'CANCELLED')"
_NAMED = "SELECT id FROM orders_order WHERE number = ANY(%(only)s::text[])"

_MONEY_WITHOUT_PAID = """
    SELECT o.number, o.status AS order_status, p.status AS payment_status, p.amount, p.gateway_id,
           extract(epoch FROM now() - p.success_at) AS age
      FROM ({suspects}) AS suspect
     CROSS JOIN LATERAL (SELECT id, number, status FROM orders_order
                          WHERE id = suspect.id AND status IN ('PENDING_PAYMENT', 'EXPIRED', 'CANCELLED') OFFSET 0) o
     CROSS JOIN LATERAL (SELECT status, amount, gateway_id, success_at FROM payments_payment
                          WHERE order_id = o.id AND status IN ('SUCCESS', 'PARTIALLY_REFUNDED')
                            -- What a bank did not take is told by refund_denied.
                            AND NOT EXISTS (SELECT 1 FROM payments_refund r
                                              JOIN payments_paymenttransaction t ON t.id = r.transaction_id
                                             WHERE t.payment_id = payments_payment.id AND r.denied_at IS NOT NULL)
                         OFFSET 0) p
     WHERE p.success_at < now() - interval '2 minutes'
     ORDER BY p.success_at"""

_MOVED_LATELY = """
    SELECT id FROM orders_order
     WHERE status IN ('PAID', 'PROCESSING', 'SHIPPED') AND status_at > now() - interval '6 hours'"""
_PAID = "SELECT id FROM orders_order WHERE status IN ('PAID', 'PROCESSING', 'SHIPPED', 'COMPLETED')"
_PAID_WITHOUT_MONEY = """
    SELECT o.number, o.status AS order_status, o.total AS amount,
           coalesce((SELECT string_agg(p.status, ', ' ORDER BY p.id) FROM payments_payment p WHERE p.order_id = o.id),
                    'no payment') AS payment_status,
           extract(epoch FROM now() - o.status_at) AS age
      FROM ({suspects}) AS suspect
      JOIN orders_order o ON o.id = suspect.id
     WHERE o.status IN ('PAID', 'PROCESSING', 'SHIPPED', 'COMPLETED')
       AND o.status_at < now() - interval '2 minutes'
       AND NOT EXISTS (SELECT 1 FROM payments_payment p WHERE p.order_id = o.id
                        AND p.status IN ('SUCCESS', 'PARTIALLY_REFUNDED', 'REFUNDED', 'CHARGEBACK'))
     ORDER BY o.status_at"""

_WITHOUT_ORDER = """
    SELECT gateway_id, status AS payment_status, amount,
           extract(epoch FROM now() - coalesce(success_at, created_at)) AS age
      FROM payments_payment
     WHERE order_id IS NULL AND status IN ('SUCCESS', 'PARTIALLY_REFUNDED')
       AND created_at < now() - interval '2 minutes'
       AND (%(only)s::text[] IS NULL OR gateway_id = ANY(%(only)s::text[]))
     ORDER BY id"""


def look(scope: Scope) -> Look:
    """Compare orders with their payments; then payments that have no order at all."""
    found = Look()
    if scope.wants("order"):
        only = scope.keys("order")
        where = suspects(scope, "order", lately=_LATELY, everything=_EVERYTHING, named=_NAMED)
        rows, total = ask(_MONEY_WITHOUT_PAID.format(suspects=where), scope, only=only)
        found += Look([_money_without_paid(row) for row in rows], total)
        where = suspects(scope, "order", lately=_MOVED_LATELY, everything=_PAID, named=_NAMED)
        rows, total = ask(_PAID_WITHOUT_MONEY.format(suspects=where), scope, only=only)
        found += Look([_paid_without_money(row) for row in rows], total)
    if scope.wants("payment"):
        rows, total = ask(_WITHOUT_ORDER, scope, only=scope.keys("payment"))
        found += Look([_without_order(row) for row in rows], total)
    return found


def heal(key: str) -> str:
    """Let verified money have the effect that is missing; what this may and may not do stands in ``reapply``."""
    kind, _, number = key.partition(":")
    order_id = Order.objects.filter(number=number).values_list("pk", flat=True).first() if kind == "order" else None
    repair = reapply(order_id=order_id, actor="run_monitors") if order_id is not None else None
    if repair is None:
        return ""
    return f"Midtrans confirmed the payment, and its effect was applied again: {repair.before} -> {repair.after}"


def _money_without_paid(row: Row) -> Finding:
    return Finding(
        key=f"order:{row['number']}",
        subject=f"{row['number']}: payment {row['payment_status']}, order {row['order_status']}",
        details=(*_facts(row, number=row["number"]), ("Time Since Payment", duration(row["age"]))),
    )


def _paid_without_money(row: Row) -> Finding:
    return Finding(
        key=f"order:{row['number']}",
        subject=f"{row['number']}: order {row['order_status']}, no money",
        description="Order status is PAID or later but no payment of it succeeded",
        details=(*_facts(row, number=row["number"]), ("Time In Status", duration(row["age"]))),
        action="Do not ship. Compare with the Midtrans dashboard; if no money came, put the order on hold.",
    )


def _without_order(row: Row) -> Finding:
    return Finding(
        key=f"payment:{row['gateway_id']}",
        subject=f"{row['gateway_id']}: payment {row['payment_status']}, no order",
        description="Payment status is SUCCESS but this shop has no order for it",
        details=(
            ("Payment ID", row["gateway_id"]),
            ("Order Status", "no such order"),
            ("Payment Status", row["payment_status"]),
            ("Amount", money(row["amount"])),
            ("Time Since Payment", duration(row["age"])),
        ),
        action="Find the customer in the Midtrans dashboard, then deliver or give the money back.",
    )


def _facts(row: Row, *, number: str) -> tuple[tuple[str, str], ...]:
    return (
        ("Order Number", number),
        ("Order Status", row["order_status"]),
        ("Payment Status", row["payment_status"]),
        ("Amount", money(row["amount"])),
    )


MONITOR = Monitor(
    name="payment_order_mismatch",
    title="Payment/Order Status Mismatch",
    severity=Severity.CRITICAL,
    description="Payment status is SUCCESS but order status is not PAID",
    action="Manual intervention required: check the order's history, ask Midtrans again, and give the money back if "
    "the order cannot be fulfilled.",
    grace="2 minutes after the payment succeeded",
    runbook=Runbook(
        means="Money arrived and the order does not show it: the order still waits, or it was closed before the money "
        "came (late money), or the payment belongs to no order here, or an order counts as paid without any money.",
        do="Ask Midtrans about the order's payments; that applies what is true. If the order stays closed, refund from "
        "its page in the admin (the list Perlu perhatian shows it as Uang terlambat). Where nothing else can be meant, "
        "run_monitors has tried that already, and tells in a mail of its own what it put right.",
        command="manage.py reconcile_payments --order NUMBER",
    ),
    look=look,
    heal=heal,
)
