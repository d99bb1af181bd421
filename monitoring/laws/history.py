"""Laws of what is written down: histories, mails, owners, and that nothing is there twice."""

from __future__ import annotations

from monitoring.laws.base import Law

_PARENTS = (
    ("orders_order", "user_id", "shop_user"),
    ("orders_orderitem", "order_id", "orders_order"),
    ("orders_orderitem", "variant_id", "shop_variant"),
    ("orders_orderevent", "order_id", "orders_order"),
    ("orders_voucheruse", "voucher_id", "orders_voucher"),
    ("orders_voucheruse", "order_id", "orders_order"),
    ("shop_reservation", "variant_id", "shop_variant"),
    ("shop_stockmovement", "variant_id", "shop_variant"),
    ("payments_payment", "order_id", "orders_order"),
    ("payments_paymenttransaction", "payment_id", "payments_payment"),
    ("payments_refund", "transaction_id", "payments_paymenttransaction"),
)
_ORPHAN = """
        SELECT c.id, '{child} ' || c.id || ': its {parent} ' || c.{column} || ' is not there'
          FROM {child} c LEFT JOIN {parent} p ON p.id = c.{column}
         WHERE c.{column} IS NOT NULL AND p.id IS NULL"""
_ORPHANS = "\n        UNION ALL".join(
    _ORPHAN.format(child=child, column=column, parent=parent) for child, column, parent in _PARENTS
)

HISTORY_LAWS = (
    Law(
        "I10",
        "the history is a path that ends at the status",
        """
        SELECT o.id, 'order ' || o.number || ': ' || o.status || ' but history ends at ' ||
               coalesce(e.to_status, 'the start')
          FROM orders_order o
          LEFT JOIN LATERAL (SELECT to_status FROM orders_orderevent
                              WHERE order_id = o.id AND kind = 'STATUS' ORDER BY id DESC LIMIT 1) e ON true
         WHERE coalesce(e.to_status, 'PENDING_PAYMENT') <> o.status AND o.id {among}""",
        over="orders_order",
    ),
    Law(
        "I10b",
        "every step of the history starts where the one before ended, and is not older",
        """
        SELECT order_id, 'event ' || id || ': from ' || from_status || ' after ' || before
          FROM (SELECT id, order_id, from_status, created_at,
                       coalesce(lag(to_status) OVER (PARTITION BY order_id ORDER BY id), 'PENDING_PAYMENT') AS before,
                       lag(created_at) OVER (PARTITION BY order_id ORDER BY id) AS earlier
                  FROM orders_orderevent WHERE kind = 'STATUS' AND order_id {among}) e
         WHERE from_status <> before OR created_at < earlier""",
        over="orders_order",
    ),
    Law(
        "I11",
        "one order for one key of one customer, and one row for one id at the gateway",
        """
        SELECT max(id), 'orders of user ' || user_id || ': ' || count(*) || ' with one key' FROM orders_order
         GROUP BY user_id, idempotency_key HAVING count(*) > 1
        UNION ALL
        SELECT max(id), 'payments ' || gateway_id || ': ' || count(*) FROM payments_payment
         GROUP BY gateway_id HAVING count(*) > 1
        UNION ALL
        SELECT max(id), 'transactions ' || transaction_id || ': ' || count(*) FROM payments_paymenttransaction
         GROUP BY transaction_id HAVING count(*) > 1""",
    ),
    Law(
        "I12",
        "every order has items, each with a quantity, a price and a name as they were",
        """
        SELECT o.id, 'order ' || o.number || ': ' || coalesce('item ' || i.id, 'no items')
          FROM orders_order o LEFT JOIN orders_orderitem i ON i.order_id = o.id
         WHERE o.id {among} AND (i.id IS NULL OR i.quantity <= 0 OR i.unit_price <= 0 OR i.name = '' OR i.sku = '')""",
        over="orders_order",
    ),
    Law(
        "I13",
        "every order has its mail, and every paid one its mail about that",
        """
        SELECT o.id, 'order ' || o.number || ': no mail order_received' FROM orders_order o
         WHERE o.id {among} AND NOT EXISTS (
               SELECT 1 FROM config_outgoingmail m WHERE m.idempotency_key = 'order_received/' || o.number)
        UNION ALL
        SELECT o.id, 'order ' || o.number || ': no mail order_paid' FROM orders_order o
         WHERE o.id {among} AND o.paid_at IS NOT NULL AND NOT EXISTS (
               SELECT 1 FROM config_outgoingmail m WHERE m.idempotency_key = 'order_paid/' || o.number)""",
        over="orders_order",
    ),
    Law(
        "I13b",
        "no mail was sent as two",
        """
        SELECT max(id), 'mail ' || provider_id || ': ' || count(*) || ' rows' FROM config_outgoingmail
         WHERE provider_id <> '' GROUP BY provider_id HAVING count(*) > 1""",
    ),
    Law("I14", "no row belongs to something that is not there", _ORPHANS),
    Law(
        "I15",
        "whoever changed stock or an order is named",
        """
        SELECT id, 'movement ' || id FROM shop_stockmovement
         WHERE actor = '' OR (kind = 'ADJUST' AND reason = '')
        UNION ALL
        SELECT id, 'event ' || id FROM orders_orderevent WHERE actor = ''""",
    ),
)
