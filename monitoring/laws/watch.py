"""The law about the watching itself: what is wrong has been reported."""

from __future__ import annotations

from monitoring.laws.base import Law

# A quarter of an hour: three runs of the monitors, so that a single one that fails is not reported twice.
_LIVE = """NOT EXISTS (SELECT 1 FROM monitoring_incident i WHERE i.monitor = '{monitor}'
                        AND i.subject_key = '{kind}:' || {name} AND i.state <> 'RESOLVED')"""

WATCH_LAWS = (
    Law(
        "I17",
        "what has been wrong for a quarter of an hour has a live incident",
        f"""
        SELECT o.id, 'order ' || o.number || ': paid, still ' || o.status || ', and nobody was told'
          FROM orders_order o JOIN payments_payment p ON p.order_id = o.id AND p.status = 'SUCCESS'
         WHERE o.status IN ('PENDING_PAYMENT', 'EXPIRED', 'CANCELLED')
           AND NOT EXISTS (SELECT 1 FROM payments_refund r JOIN payments_paymenttransaction t ON t.id = r.transaction_id
                            WHERE t.payment_id = p.id AND r.denied_at IS NOT NULL)
           AND greatest(p.success_at, p.created_at, o.status_at) < now() - interval '15 minutes'
           AND {_LIVE.format(monitor="payment_order_mismatch", kind="order", name="o.number")}
        UNION ALL
        SELECT o.id, 'order ' || o.number || ': paid twice, and nobody was told'
          FROM payments_paymenttransaction t
          JOIN payments_payment p ON p.id = t.payment_id JOIN orders_order o ON o.id = p.order_id
         WHERE t.surplus AND t.status IN ('SUCCESS', 'PARTIALLY_REFUNDED')
           AND greatest(t.created_at, t.asked_at) < now() - interval '15 minutes'
           AND {_LIVE.format(monitor="duplicate_payment", kind="order", name="o.number")}
        UNION ALL
        SELECT r.id, 'refund ' || r.refund_key || ': denied afterwards, and nobody was told'
          FROM payments_refund r JOIN payments_paymenttransaction t ON t.id = r.transaction_id
         WHERE r.denied_at < now() - interval '15 minutes' AND t.status IN ('SUCCESS', 'PARTIALLY_REFUNDED')
           AND NOT EXISTS (SELECT 1 FROM payments_refund l WHERE l.transaction_id = t.id AND l.state <> 'FAILED'
                              AND l.created_at > r.denied_at)
           AND {_LIVE.format(monitor="refund_denied", kind="transaction", name="t.transaction_id")}
        UNION ALL
        SELECT v.id, 'variant ' || v.sku || ': below zero, and nobody was told'
          FROM shop_variant v
         WHERE v.on_hand < 0 AND {_LIVE.format(monitor="stock_negative", kind="variant", name="v.id")}""",  # noqa: S608 - names of our own
    ),
)
