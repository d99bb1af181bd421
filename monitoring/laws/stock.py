"""Laws of stock: what is there, what is promised, and the ledger of both."""

from __future__ import annotations

from monitoring.laws.base import Law

STOCK_LAWS = (
    Law(
        "I1",
        "stock is never below zero",
        """
        SELECT id, 'variant ' || sku || ': on_hand ' || on_hand || ', reserved ' || reserved
          FROM shop_variant WHERE (on_hand < 0 OR reserved < 0) AND id {among}""",
        over="shop_variant",
    ),
    Law(
        "I2",
        "on_hand is the sum of the ledger",
        """
        SELECT v.id, 'variant ' || v.sku || ': on_hand ' || v.on_hand || ', ledger ' || coalesce(m.sum, 0)
          FROM shop_variant v
          LEFT JOIN (SELECT variant_id, sum(delta) AS sum FROM shop_stockmovement GROUP BY variant_id) m
            ON m.variant_id = v.id
         WHERE v.on_hand <> coalesce(m.sum, 0)""",
    ),
    Law(
        "I2b",
        "every ledger row continues the balance before it",
        """
        SELECT id, 'movement ' || id || ': balance ' || balance || ', expected ' || before + delta
          FROM (SELECT id, delta, balance,
                       coalesce(lag(balance) OVER (PARTITION BY variant_id ORDER BY id), 0) AS before
                  FROM shop_stockmovement) m
         WHERE balance <> before + delta""",
    ),
    Law(
        "I3",
        "an order that is paid for has each item sold, or waiting as SHORT, exactly once",
        """
        SELECT o.id, 'order ' || o.number || ' item ' || i.sku || ': ' || coalesce(string_agg(r.state, ','), 'nothing')
          FROM orders_order o
          JOIN orders_orderitem i ON i.order_id = o.id
          LEFT JOIN shop_reservation r
            ON r.reference = o.number AND r.variant_id = i.variant_id AND r.state IN ('SOLD', 'SHORT')
         WHERE o.status IN ('PAID', 'PROCESSING', 'SHIPPED', 'COMPLETED', 'REFUNDED') AND o.id {among}
         GROUP BY o.id, i.id HAVING count(r.id) <> 1 OR sum(r.quantity) <> i.quantity""",
        over="orders_order",
    ),
    Law(
        "I3b",
        "a sold line has one SALE in the ledger, for its quantity",
        """
        SELECT r.id, 'reservation ' || r.id || ' of ' || r.reference
          FROM shop_reservation r
          LEFT JOIN shop_stockmovement m ON m.reservation_id = r.id AND m.kind = 'SALE'
         WHERE r.id {among} AND ((r.state = 'SOLD') <> (m.id IS NOT NULL) OR m.delta <> -r.quantity)""",
        over="shop_reservation",
    ),
    Law(
        "I3c",
        "what was sold to a cancelled order came back once, and to no other order by itself",
        """
        SELECT r.id, 'reservation ' || r.id || ' of ' || r.reference || ' (' || o.status || ')'
          FROM shop_reservation r
          JOIN orders_order o ON o.number = r.reference
          LEFT JOIN shop_stockmovement m ON m.reservation_id = r.id AND m.kind = 'RETURN'
         WHERE r.state = 'SOLD' AND (o.status = 'CANCELLED') <> (m.id IS NOT NULL) AND r.id {among}""",
        over="shop_reservation",
    ),
    Law(
        "I8",
        "reserved is the sum of the live reservations",
        """
        SELECT v.id, 'variant ' || v.sku || ': reserved ' || v.reserved || ', live ' || coalesce(r.sum, 0)
          FROM shop_variant v
          LEFT JOIN (SELECT variant_id, sum(quantity) AS sum FROM shop_reservation
                      WHERE state IN ('HELD', 'SHORT') GROUP BY variant_id) r ON r.variant_id = v.id
         WHERE v.reserved <> coalesce(r.sum, 0)""",
    ),
    Law(
        "I8b",
        "stock is held for orders that await payment only, and for each of their items",
        """
        SELECT o.id, 'order ' || o.number || ' (' || o.status || '): ' || count(r.id) || ' held of ' || max(i.items)
          FROM orders_order o
          JOIN (SELECT order_id, count(*) AS items FROM orders_orderitem WHERE order_id {among} GROUP BY order_id) i
            ON i.order_id = o.id
          LEFT JOIN shop_reservation r ON r.reference = o.number AND r.state = 'HELD'
         WHERE o.id {among}
         GROUP BY o.id
        HAVING (o.status = 'PENDING_PAYMENT' AND count(r.id) <> max(i.items))
            OR (o.status <> 'PENDING_PAYMENT' AND count(r.id) > 0)""",
        over="orders_order",
    ),
)
