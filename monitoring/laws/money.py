"""Laws of money: who paid, how much, and what went back."""

from __future__ import annotations

from monitoring.laws.base import Law

MONEY_LAWS = (
    Law(
        "I4",
        "at most one transaction pays an order; every further success is marked surplus",
        """
        SELECT o.id, 'order ' || o.number || ': ' || count(*) || ' paying transactions'
          FROM payments_paymenttransaction t
          JOIN payments_payment p ON p.id = t.payment_id JOIN orders_order o ON o.id = p.order_id
         WHERE t.status IN ('SUCCESS', 'PARTIALLY_REFUNDED') AND t.problem = '' AND NOT t.surplus AND o.id {among}
         GROUP BY o.id HAVING count(*) > 1""",
        over="orders_order",
    ),
    Law(
        "I4b",
        "at most one payment of an order is open",
        """
        SELECT order_id, 'order ' || order_id || ': ' || count(*) || ' open payments' FROM payments_payment
         WHERE status IN ('INITIATED', 'PENDING', 'CHALLENGE') AND order_id {among}
         GROUP BY order_id HAVING count(*) > 1""",
        over="orders_order",
    ),
    Law(
        "I5",
        "an order awaiting payment has no accepted money, and a paid one has had some",
        """
        SELECT o.id, 'order ' || o.number || ' (' || o.status || ')'
          FROM orders_order o
         WHERE o.id {among} AND o.status = 'PENDING_PAYMENT' AND EXISTS (
               SELECT 1 FROM payments_paymenttransaction t JOIN payments_payment p ON p.id = t.payment_id
                WHERE p.order_id = o.id AND t.status = 'SUCCESS' AND t.problem = '')
        UNION ALL
        SELECT o.id, 'order ' || o.number || ' (' || o.status || ')'
          FROM orders_order o
         WHERE o.id {among} AND o.status IN ('PAID', 'PROCESSING', 'SHIPPED', 'COMPLETED') AND NOT EXISTS (
               SELECT 1 FROM payments_paymenttransaction t JOIN payments_payment p ON p.id = t.payment_id
                WHERE p.order_id = o.id AND t.received > 0 AND t.problem = '')""",
        over="orders_order",
    ),
    Law(
        "I6",
        "the total is the sum of the items, shipping and discount, and what payments ask for",
        """
        SELECT o.id, 'order ' || o.number || ': total ' || o.total
          FROM orders_order o
          JOIN (SELECT order_id, sum(unit_price * quantity) AS items FROM orders_orderitem
                 WHERE order_id {among} GROUP BY order_id) i ON i.order_id = o.id
         WHERE o.id {among} AND (o.subtotal <> i.items OR o.total <> o.subtotal + o.shipping_cost - o.discount
            OR EXISTS (SELECT 1 FROM payments_payment p WHERE p.order_id = o.id AND p.amount <> o.total))""",
        over="orders_order",
    ),
    Law(
        "I7",
        "no more is given back or taken back than came in",
        """
        SELECT t.id, 'transaction ' || t.transaction_id || ': received ' || t.received || ', gone ' ||
               t.charged_back + coalesce(r.sum, 0)
          FROM payments_paymenttransaction t
          LEFT JOIN (SELECT transaction_id, sum(amount) AS sum FROM payments_refund
                      WHERE state <> 'FAILED' AND transaction_id {among} GROUP BY transaction_id) r
            ON r.transaction_id = t.id
         WHERE t.id {among} AND t.charged_back + coalesce(r.sum, 0) > t.received""",
        over="payments_paymenttransaction",
    ),
    Law(
        "I7b",
        "money that is all gone does not count as paid, and what is given back in part says so",
        """
        SELECT t.id, 'transaction ' || t.transaction_id || ' (' || t.status || '): received ' || t.received ||
               ', given back ' || r.sum
          FROM payments_paymenttransaction t
          JOIN (SELECT transaction_id, sum(amount) AS sum FROM payments_refund
                 WHERE state = 'DONE' AND transaction_id {among} GROUP BY transaction_id) r ON r.transaction_id = t.id
         WHERE t.id {among} AND t.status = 'SUCCESS'""",
        over="payments_paymenttransaction",
    ),
    Law(
        "I18",
        "the PPN stored with an order adds up: each line to what was paid for it, all lines to the total",
        """
        SELECT o.id, 'order ' || o.number || ': total ' || o.total || ', taxed ' || t.gross
          FROM orders_order o CROSS JOIN LATERAL (
               SELECT sum(gross) AS gross, bool_and(net + tax = gross) AS whole
                 FROM jsonb_to_recordset(o.tax -> 'lines') AS line (gross bigint, net bigint, tax bigint)) t
         WHERE o.id {among} AND o.tax IS NOT NULL AND (t.gross <> o.total OR NOT t.whole)""",
        over="orders_order",
    ),
)
