"""The shop in numbers, for machines: what is open, what waits, how old the oldest of it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db import connection

from monitoring.heartbeats import last_heartbeats
from monitoring.models import Severity
from monitoring.selectors import monitor_states, open_incidents, undelivered_alerts

# Every count stands on a partial index of what is open or wrong, so the size of the history does not matter.
_COUNTS_SQL = """
SELECT 'shop_orders_on_hold', count(*)::float FROM orders_order WHERE payment_hold <> ''
UNION ALL
SELECT 'shop_orders_closing', count(*) FROM orders_order WHERE closing_at IS NOT NULL
UNION ALL
SELECT 'shop_oldest_unshipped_order_seconds', coalesce(extract(epoch FROM clock_timestamp() - min(status_at)), 0)
  FROM orders_order WHERE status IN ('PAID', 'PROCESSING')
UNION ALL
SELECT 'shop_oldest_unpaid_order_seconds', coalesce(extract(epoch FROM clock_timestamp() - min(status_at)), 0)
  FROM orders_order WHERE status = 'PENDING_PAYMENT'
UNION ALL
SELECT 'shop_payments_open', count(*) FROM payments_payment WHERE status IN ('INITIATED', 'PENDING', 'CHALLENGE')
UNION ALL
SELECT 'shop_payments_without_order', count(*) FROM payments_payment WHERE order_id IS NULL
UNION ALL
SELECT 'shop_surplus_transactions', count(*) FROM payments_paymenttransaction WHERE surplus
UNION ALL
SELECT 'shop_reservations_short', count(*) FROM shop_reservation WHERE state = 'SHORT'
UNION ALL
SELECT 'shop_variants_below_zero', count(*) FROM shop_variant WHERE on_hand < 0 OR reserved > on_hand
UNION ALL
SELECT 'shop_notifications_waiting', count(*) FROM payments_gatewaynotification WHERE outcome = 'WAITING'
UNION ALL
SELECT 'shop_notifications_exhausted', count(*) FROM payments_gatewaynotification WHERE outcome = 'EXHAUSTED'
UNION ALL
SELECT 'shop_mails_waiting', count(*) FROM config_outgoingmail WHERE state IN ('PENDING', 'SENDING')
UNION ALL
SELECT 'shop_oldest_waiting_mail_seconds', coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)
  FROM config_outgoingmail WHERE state IN ('PENDING', 'SENDING')
UNION ALL
SELECT 'shop_mails_failed', count(*) FROM config_outgoingmail WHERE state = 'FAILED'
"""
_OPEN_ORDERS_SQL = """
SELECT status, count(*)::float FROM orders_order
 WHERE status NOT IN ('COMPLETED', 'EXPIRED', 'CANCELLED', 'REFUNDED')
 GROUP BY status ORDER BY status
"""
_HELP = {
    "shop_orders_on_hold": "Orders whose money is not accepted yet.",
    "shop_orders_closing": "Orders whose cancellation the gateway has not confirmed yet.",
    "shop_oldest_unshipped_order_seconds": "Age of the oldest paid order that is not shipped.",
    "shop_oldest_unpaid_order_seconds": "Age of the oldest order that awaits payment.",
    "shop_payments_open": "Payments that a customer may still pay.",
    "shop_payments_without_order": "Money that came in for no order of this database.",
    "shop_surplus_transactions": "Transactions that paid an order a second time.",
    "shop_reservations_short": "Lines that are paid for and not covered by stock.",
    "shop_variants_below_zero": "Variants with less than nothing, or more reserved than there is.",
    "shop_notifications_waiting": "Notifications that were not applied yet.",
    "shop_notifications_exhausted": "Notifications that were given up.",
    "shop_mails_waiting": "Mails in the outbox.",
    "shop_oldest_waiting_mail_seconds": "Age of the oldest mail in the outbox.",
    "shop_mails_failed": "Mails that were given up.",
}


@dataclass(frozen=True)
class Fact:
    """One number with its name and labels, as Prometheus knows them."""

    name: str
    help: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


def shop_facts() -> list[Fact]:
    """Read everything in six statements. Raises what the database raises."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS_SQL)
        facts = [Fact(name, _HELP[name], float(value)) for name, value in cursor.fetchall()]
        cursor.execute(_OPEN_ORDERS_SQL)
        facts += [
            Fact("shop_orders_open", "Orders that are not finished, by status.", value, (("status", status),))
            for status, value in cursor.fetchall()
        ]
    return [*facts, *_watching(), *_jobs()]


def _watching() -> list[Fact]:
    """Return what the monitors say of themselves, and of the shop."""
    live = Counter(incident.severity for incident in open_incidents())
    return [
        *(
            Fact("shop_incidents_open", "Incidents that are not resolved.", live[severity], (("severity", severity),))
            for severity in Severity.values
        ),
        Fact("shop_alerts_undelivered", "Alerts that reached nobody, by no way.", undelivered_alerts()),
        *(
            Fact(
                "shop_monitor_last_good_timestamp_seconds",
                "When a monitor last looked without failing.",
                state.good_at.timestamp(),
                (("monitor", state.monitor.name),),
            )
            for state in monitor_states()
            if state.good_at is not None
        ),
    ]


def _jobs() -> list[Fact]:
    return [
        Fact(
            "shop_job_last_run_timestamp_seconds",
            "When a cron job last ended, by how it ended.",
            run.finished_at.timestamp(),
            (("job", job), ("ok", str(bool(run.ok)).lower())),
        )
        for job, run in sorted(last_heartbeats().items())
        if run.finished_at is not None
    ]
