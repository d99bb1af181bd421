"""Stock that cannot be: below zero, promised more often than it is there, or not what its ledger says."""

from __future__ import annotations

from monitoring.models import Severity
from monitoring.monitors.asking import Row, ask
from monitoring.monitors.base import Finding, Look, Monitor, Runbook, Scope

_WRONG = """
    SELECT v.id, v.sku, trim(p.name || ' ' || v.name) AS name, v.on_hand, v.reserved, coalesce(m.balance, 0) AS ledger,
           (SELECT r.reference FROM shop_reservation r
             WHERE r.variant_id = v.id ORDER BY r.id DESC LIMIT 1) AS last_order
      FROM shop_variant v
      JOIN shop_product p ON p.id = v.product_id
      LEFT JOIN LATERAL (SELECT balance FROM shop_stockmovement m
                          WHERE m.variant_id = v.id ORDER BY m.id DESC LIMIT 1) m ON true
     WHERE (v.on_hand < 0 OR v.reserved < 0 OR v.reserved > v.on_hand OR v.on_hand <> coalesce(m.balance, 0))
       AND (%(only)s::bigint[] IS NULL OR v.id = ANY(%(only)s::bigint[]))
     ORDER BY v.id"""


def look(scope: Scope) -> Look:
    """Look at every variant and the newest line of its ledger."""
    keys = scope.keys("variant")
    rows, total = ask(_WRONG, scope, only=None if keys is None else [int(key) for key in keys])
    return Look([_finding(row) for row in rows], total)


def _finding(row: Row) -> Finding:
    if row["on_hand"] < 0 or row["reserved"] < 0:
        description = "Stock is below zero: more was sold than was there"
    elif row["reserved"] > row["on_hand"]:
        description = "More units are promised to orders than are on hand (oversold)"
    else:
        description = "On hand is not what the stock ledger says: somebody changed it without a movement"
    return Finding(
        key=f"variant:{row['id']}",
        subject=f"{row['name']} ({row['sku']}): on hand {row['on_hand']}, reserved {row['reserved']}",
        description=description,
        details=(
            ("Product Name", row["name"]),
            ("SKU", row["sku"]),
            ("Current Stock", str(row["on_hand"])),
            ("Reserved", str(row["reserved"])),
            ("Stock Ledger", str(row["ledger"])),
            ("Last Order", row["last_order"] or "none"),
        ),
    )


MONITOR = Monitor(
    name="stock_negative",
    title="Stock Negative (Overselling)",
    severity=Severity.CRITICAL,
    description="Stock is below zero, promised more than once, or not what its ledger says",
    action="Count the shelf and record the truth as an adjustment in the admin; tell the customers whose orders cannot "
    "be covered.",
    grace="none",
    runbook=Runbook(
        means="A variant has less than nothing, or less than is promised to orders (goods broke, or were counted "
        "wrongly), or its number was changed without a movement in the ledger.",
        do="Count the goods. Book what arrived or adjust with a reason in the admin (Varian); waiting paid lines are "
        "then covered oldest first. For orders that stay uncovered, refund or agree on a replacement.",
        command="manage.py check_invariants",
    ),
    look=look,
)
