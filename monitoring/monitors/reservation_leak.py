"""Stock that is kept for nobody."""

from __future__ import annotations

from monitoring.models import Severity
from monitoring.monitors.asking import Row, ask
from monitoring.monitors.base import Finding, Look, Monitor, Runbook, Scope

_LEAKED = """
    SELECT r.id, r.reference, r.state, r.quantity, v.sku, coalesce(o.status, 'no such order') AS order_status
      FROM shop_reservation r
      JOIN shop_variant v ON v.id = r.variant_id
      LEFT JOIN orders_order o ON o.number = r.reference
     WHERE r.state IN ('HELD', 'SHORT') AND r.changed_at < now() - interval '5 minutes'
       AND (o.id IS NULL OR (r.state = 'HELD' AND o.status <> 'PENDING_PAYMENT')
            OR (r.state = 'SHORT' AND o.status NOT IN ('PAID', 'PROCESSING', 'SHIPPED', 'COMPLETED')))
       AND (%(only)s::bigint[] IS NULL OR r.id = ANY(%(only)s::bigint[]))
     ORDER BY r.id"""
_WRONG_SUM = """
    SELECT v.id, v.sku, v.reserved, coalesce(live.sum, 0) AS live
      FROM shop_variant v
      LEFT JOIN (SELECT variant_id, sum(quantity) AS sum FROM shop_reservation
                  WHERE state IN ('HELD', 'SHORT') GROUP BY variant_id) live ON live.variant_id = v.id
     WHERE v.reserved <> coalesce(live.sum, 0)
       AND (%(only)s::bigint[] IS NULL OR v.id = ANY(%(only)s::bigint[]))
     ORDER BY v.id"""


def look(scope: Scope) -> Look:
    """Compare what is reserved with who needs it, and with its sum."""
    found = Look()
    if scope.wants("reservation"):
        rows, total = ask(_LEAKED, scope, only=_ids(scope, "reservation"))
        found += Look([_leaked(row) for row in rows], total)
    if scope.wants("variant"):
        rows, total = ask(_WRONG_SUM, scope, only=_ids(scope, "variant"))
        found += Look([_wrong_sum(row) for row in rows], total)
    return found


def _ids(scope: Scope, kind: str) -> list[int] | None:
    keys = scope.keys(kind)
    return None if keys is None else [int(key) for key in keys]


def _leaked(row: Row) -> Finding:
    return Finding(
        key=f"reservation:{row['id']}",
        subject=f"{row['reference']}: {row['quantity']} × {row['sku']} {row['state']}, order {row['order_status']}",
        details=(
            ("Order Number", row["reference"]),
            ("Order Status", row["order_status"]),
            ("Reserved", f"{row['quantity']} × {row['sku']} ({row['state']})"),
        ),
    )


def _wrong_sum(row: Row) -> Finding:
    return Finding(
        key=f"variant:{row['id']}",
        subject=f"{row['sku']}: reserved {row['reserved']}, reservations {row['live']}",
        description="The reserved count of a variant is not the sum of its live reservations",
        details=(
            ("SKU", row["sku"]),
            ("Reserved", str(row["reserved"])),
            ("Sum Of Reservations", str(row["live"])),
        ),
    )


MONITOR = Monitor(
    name="reservation_leak",
    title="Reservation Leak",
    severity=Severity.HIGH,
    description="Stock is reserved for an order that no longer needs it",
    action="Customers are told that something is sold out which is not. Find the order and close it properly.",
    grace="5 minutes after the reservation last changed",
    runbook=Runbook(
        means="A live reservation has no order that waits for it, or a variant's reserved count is not the sum of its "
        "reservations. The services keep both in one transaction, so somebody wrote past them.",
        do="Look at the order's history in the admin and at who touched the database. Run the laws to see the whole "
        "extent before anything is corrected.",
        command="manage.py check_invariants",
    ),
    look=look,
)
