"""The laws that always hold, each as one query that returns the rows that break it.

Read in one REPEATABLE READ snapshot, so that work in flight is seen whole or not at all. Numbers follow the list in
``docs/domain.md``; laws about parts that do not exist yet are added with them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection, transaction

ROWS_SHOWN = 5


@dataclass(frozen=True)
class Law:
    """One law: its number, what it says, and the query whose rows break it (first column names the row)."""

    number: str
    says: str
    query: str


@dataclass(frozen=True)
class Violation:
    """A law that does not hold, with the first rows that break it."""

    law: Law
    count: int
    rows: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.law.number} {self.law.says}: {self.count} × (first: {'; '.join(self.rows)})"


LAWS = (
    Law(
        "I1",
        "stock is never below zero",
        """
        SELECT 'variant ' || sku || ': on_hand ' || on_hand || ', reserved ' || reserved
          FROM shop_variant WHERE on_hand < 0 OR reserved < 0""",
    ),
    Law(
        "I2",
        "on_hand is the sum of the ledger",
        """
        SELECT 'variant ' || v.sku || ': on_hand ' || v.on_hand || ', ledger ' || coalesce(m.sum, 0)
          FROM shop_variant v
          LEFT JOIN (SELECT variant_id, sum(delta) AS sum FROM shop_stockmovement GROUP BY variant_id) m
            ON m.variant_id = v.id
         WHERE v.on_hand <> coalesce(m.sum, 0)""",
    ),
    Law(
        "I2b",
        "every ledger row continues the balance before it",
        """
        SELECT 'movement ' || id || ': balance ' || balance || ', expected ' || before + delta
          FROM (SELECT id, delta, balance,
                       coalesce(lag(balance) OVER (PARTITION BY variant_id ORDER BY id), 0) AS before
                  FROM shop_stockmovement) m
         WHERE balance <> before + delta""",
    ),
    Law(
        "I3",
        "an order that is paid for has each item sold, or waiting as SHORT, exactly once",
        """
        SELECT 'order ' || o.number || ' item ' || i.sku || ': ' || coalesce(string_agg(r.state, ','), 'nothing')
          FROM orders_order o
          JOIN orders_orderitem i ON i.order_id = o.id
          LEFT JOIN shop_reservation r
            ON r.reference = o.number AND r.variant_id = i.variant_id AND r.state IN ('SOLD', 'SHORT')
         WHERE o.status IN ('PAID', 'PROCESSING', 'SHIPPED', 'COMPLETED', 'REFUNDED')
         GROUP BY o.id, i.id HAVING count(r.id) <> 1 OR sum(r.quantity) <> i.quantity""",
    ),
    Law(
        "I3b",
        "a sold line has one SALE in the ledger, for its quantity",
        """
        SELECT 'reservation ' || r.id || ' of ' || r.reference
          FROM shop_reservation r
          LEFT JOIN shop_stockmovement m ON m.reservation_id = r.id AND m.kind = 'SALE'
         WHERE (r.state = 'SOLD') <> (m.id IS NOT NULL) OR m.delta <> -r.quantity""",
    ),
    Law(
        "I3c",
        "what was sold to a cancelled order came back once, and to no other order by itself",
        """
        SELECT 'reservation ' || r.id || ' of ' || r.reference || ' (' || o.status || ')'
          FROM shop_reservation r
          JOIN orders_order o ON o.number = r.reference
          LEFT JOIN shop_stockmovement m ON m.reservation_id = r.id AND m.kind = 'RETURN'
         WHERE r.state = 'SOLD' AND (o.status = 'CANCELLED') <> (m.id IS NOT NULL)""",
    ),
    Law(
        "I4",
        "at most one transaction pays an order; every further success is marked surplus",
        """
        SELECT 'order ' || o.number || ': ' || count(*) || ' paying transactions'
          FROM payments_paymenttransaction t
          JOIN payments_payment p ON p.id = t.payment_id JOIN orders_order o ON o.id = p.order_id
         WHERE t.status IN ('SUCCESS', 'PARTIALLY_REFUNDED') AND t.problem = '' AND NOT t.surplus
         GROUP BY o.id HAVING count(*) > 1""",
    ),
    Law(
        "I4b",
        "at most one payment of an order is open",
        """
        SELECT 'order ' || order_id || ': ' || count(*) FROM payments_payment
         WHERE status IN ('INITIATED', 'PENDING', 'CHALLENGE') GROUP BY order_id HAVING count(*) > 1""",
    ),
    Law(
        "I5",
        "an order awaiting payment has no accepted money, and a paid one has had some",
        """
        SELECT 'order ' || o.number || ' (' || o.status || ')'
          FROM orders_order o
         WHERE (o.status = 'PENDING_PAYMENT' AND EXISTS (
                 SELECT 1 FROM payments_paymenttransaction t JOIN payments_payment p ON p.id = t.payment_id
                  WHERE p.order_id = o.id AND t.status = 'SUCCESS' AND t.problem = ''))
            OR (o.status IN ('PAID', 'PROCESSING', 'SHIPPED', 'COMPLETED') AND NOT EXISTS (
                 SELECT 1 FROM payments_paymenttransaction t JOIN payments_payment p ON p.id = t.payment_id
                  WHERE p.order_id = o.id AND t.received > 0 AND t.problem = ''))""",
    ),
    Law(
        "I6",
        "the total is the sum of the items, shipping and discount, and what payments ask for",
        """
        SELECT 'order ' || o.number || ': total ' || o.total
          FROM orders_order o
          JOIN (SELECT order_id, sum(unit_price * quantity) AS items FROM orders_orderitem GROUP BY order_id) i
            ON i.order_id = o.id
         WHERE o.subtotal <> i.items OR o.total <> o.subtotal + o.shipping_cost - o.discount
            OR EXISTS (SELECT 1 FROM payments_payment p WHERE p.order_id = o.id AND p.amount <> o.total)""",
    ),
    Law(
        "I7",
        "no more is given back or taken back than came in",
        """
        SELECT 'transaction ' || t.transaction_id || ': received ' || t.received || ', gone ' ||
               t.charged_back + coalesce(r.sum, 0)
          FROM payments_paymenttransaction t
          LEFT JOIN (SELECT transaction_id, sum(amount) AS sum FROM payments_refund
                      WHERE state <> 'FAILED' GROUP BY transaction_id) r ON r.transaction_id = t.id
         WHERE t.charged_back + coalesce(r.sum, 0) > t.received""",
    ),
    Law(
        "I8",
        "reserved is the sum of the live reservations",
        """
        SELECT 'variant ' || v.sku || ': reserved ' || v.reserved || ', live ' || coalesce(r.sum, 0)
          FROM shop_variant v
          LEFT JOIN (SELECT variant_id, sum(quantity) AS sum FROM shop_reservation
                      WHERE state IN ('HELD', 'SHORT') GROUP BY variant_id) r ON r.variant_id = v.id
         WHERE v.reserved <> coalesce(r.sum, 0)""",
    ),
    Law(
        "I8b",
        "stock is held for orders that await payment only, and for each of their items",
        """
        SELECT 'order ' || o.number || ' (' || o.status || '): ' || count(r.id) || ' held of ' || max(i.items)
          FROM orders_order o
          JOIN (SELECT order_id, count(*) AS items FROM orders_orderitem GROUP BY order_id) i ON i.order_id = o.id
          LEFT JOIN shop_reservation r ON r.reference = o.number AND r.state = 'HELD'
         GROUP BY o.id
        HAVING (o.status = 'PENDING_PAYMENT' AND count(r.id) <> max(i.items))
            OR (o.status <> 'PENDING_PAYMENT' AND count(r.id) > 0)""",
    ),
    Law(
        "I10",
        "the history is a path that ends at the status",
        """
        SELECT 'order ' || o.number || ': ' || o.status || ' but history ends at ' || coalesce(e.to_status, 'the start')
          FROM orders_order o
          LEFT JOIN LATERAL (SELECT to_status FROM orders_orderevent
                              WHERE order_id = o.id AND kind = 'STATUS' ORDER BY id DESC LIMIT 1) e ON true
         WHERE coalesce(e.to_status, 'PENDING_PAYMENT') <> o.status""",
    ),
    Law(
        "I10b",
        "every step of the history starts where the one before ended",
        """
        SELECT 'event ' || id || ': from ' || from_status || ' after ' || before
          FROM (SELECT id, from_status,
                       coalesce(lag(to_status) OVER (PARTITION BY order_id ORDER BY id), 'PENDING_PAYMENT') AS before
                  FROM orders_orderevent WHERE kind = 'STATUS') e
         WHERE from_status <> before""",
    ),
    Law(
        "I12",
        "every order has items",
        """
        SELECT 'order ' || o.number FROM orders_order o
         WHERE NOT EXISTS (SELECT 1 FROM orders_orderitem i WHERE i.order_id = o.id)""",
    ),
    Law(
        "I13",
        "every order has its mail, and every paid one its mail about that",
        """
        SELECT 'order ' || o.number || ': no mail order_received' FROM orders_order o
         WHERE NOT EXISTS (SELECT 1 FROM config_outgoingmail m
                            WHERE m.idempotency_key = 'order_received/' || o.number)
        UNION ALL
        SELECT 'order ' || o.number || ': no mail order_paid' FROM orders_order o
         WHERE o.paid_at IS NOT NULL AND NOT EXISTS (
               SELECT 1 FROM config_outgoingmail m WHERE m.idempotency_key = 'order_paid/' || o.number)""",
    ),
)


def check_invariants(laws: Iterable[Law] = LAWS) -> list[Violation]:
    """Return every law that does not hold just now. Changes nothing; one snapshot when not inside a transaction."""
    if connection.in_atomic_block:
        return list(_violations(laws))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return list(_violations(laws))


def _violations(laws: Iterable[Law]) -> Iterable[Violation]:
    with connection.cursor() as cursor:
        for law in laws:
            cursor.execute(law.query)
            rows = cursor.fetchall()
            if rows:
                yield Violation(law, len(rows), tuple(str(row[0]) for row in rows[:ROWS_SHOWN]))
