"""Orders that nobody moves on: too long in a status, on hold, or half closed."""

from __future__ import annotations

from django.conf import settings

from monitoring.models import Severity
from monitoring.monitors.asking import Row, ask, duration, money
from monitoring.monitors.base import Finding, Look, Monitor, Runbook, Scope

LATE_MINUTES = 30
"""How long after its deadline and grace an unpaid order may still wait to be closed."""
CLOSING_HOURS = 1

# The age is that of the event that brought the order here. status_at, written with it, only finds the candidates.
_STATUS = """
    SELECT o.id, o.number, o.status, o.total, 'sla' AS kind, '' AS why, {sla} * interval '1 hour' AS sla,
           coalesce((SELECT max(e.created_at) FROM orders_orderevent e
                      WHERE e.order_id = o.id AND e.kind = 'STATUS' AND e.to_status = o.status), o.status_at) AS since
      FROM orders_order o
     WHERE o.status = '{status}' AND (%(full)s OR o.status_at < now() - {sla} * interval '1 hour')"""
_UNPAID = """
    SELECT o.id, o.number, o.status, o.total, 'unpaid' AS kind, 'unpaid after its deadline' AS why,
           %(late)s * interval '1 minute' AS sla, o.expires_at AS since
      FROM orders_order o
     WHERE o.status = 'PENDING_PAYMENT' AND o.expires_at < now() - %(late)s * interval '1 minute'
       AND o.payment_hold = ''"""
_HOLD = """
    SELECT o.id, o.number, o.status, o.total, 'hold' AS kind, 'on hold: ' || o.payment_hold AS why,
           %(hold)s * interval '1 hour' AS sla,
           coalesce((SELECT max(e.created_at) FROM orders_orderevent e
                      WHERE e.order_id = o.id AND e.kind = 'HOLD'), o.status_at) AS since
      FROM orders_order o WHERE o.payment_hold <> ''"""
_CLOSING = """
    SELECT o.id, o.number, o.status, o.total, 'closing' AS kind,
           'Midtrans has not confirmed that it can be closed' AS why, %(closing)s * interval '1 hour' AS sla,
           o.closing_at AS since
      FROM orders_order o WHERE o.closing_at IS NOT NULL"""
_WRONG = """
    SELECT number, status, total AS amount, kind, why, extract(epoch FROM sla) AS sla,
           extract(epoch FROM now() - since) AS age
      FROM ({parts}) AS waiting
     WHERE since < now() - sla AND (%(only)s::text[] IS NULL OR number = ANY(%(only)s::text[]))
     ORDER BY since"""


def look(scope: Scope) -> Look:
    """Look at every order that is under way."""
    parts = [_STATUS.format(status=status, sla=int(hours)) for status, hours in settings.ORDER_SLA_HOURS.items()]
    rows, total = ask(
        _WRONG.format(parts=" UNION ALL ".join([*parts, _UNPAID, _HOLD, _CLOSING])),
        scope,
        only=scope.keys("order"),
        full=scope.full,
        late=settings.PAYMENT_GRACE_MINUTES + LATE_MINUTES,
        hold=settings.ORDER_HOLD_SLA_HOURS,
        closing=CLOSING_HOURS,
    )
    return Look([_finding(row) for row in rows], total)


def _finding(row: Row) -> Finding:
    why = (("Why", row["why"]),) if row["why"] else ()
    return Finding(
        key=f"order:{row['number']}",
        kind=row["kind"],
        subject=f"{row['number']}: {row['status']} for {duration(row['age'])}",
        details=(
            ("Order Number", row["number"]),
            ("Order Status", row["status"]),
            *why,
            ("Time In Status", duration(row["age"])),
            ("SLA", duration(row["sla"])),
            ("Amount", money(row["amount"])),
        ),
    )


MONITOR = Monitor(
    name="order_stuck",
    title="Order Stuck In Status",
    severity=Severity.HIGH,
    description="The order has been in its status for longer than its SLA",
    action="Move the order on: pack, ship, complete or cancel it in the admin.",
    grace="the SLA of the status (SLA_..._HOURS); unpaid: 45 minutes after the deadline",
    runbook=Runbook(
        means="A customer waits and nobody moves: paid and not packed, packed and not sent, sent and never completed; "
        "or an unpaid order was not closed, money is held back, or Midtrans does not confirm a cancellation.",
        do="Open the order in the admin and do its next step. For an unpaid or half closed one see whether "
        "expire_orders runs and what it says; for a hold decide about the money.",
        command="manage.py expire_orders --dry-run",
    ),
    look=look,
)
