"""Laws of vouchers: none is used more often than its limit, and every discount has the use it came from."""

from __future__ import annotations

from monitoring.laws.base import Law

VOUCHER_LAWS = (
    Law(
        "I9",
        "voucher_overuse: a voucher's count is the uses that stand, and within its limit; a use beyond it is recorded",
        """
        SELECT v.id, 'voucher ' || v.code || ': counted ' || v.used || ', in use ' || coalesce(u.live, 0) ||
               ', limit ' || coalesce(v.total_limit::text, 'none')
          FROM orders_voucher v
          LEFT JOIN (SELECT voucher_id, count(*) AS live FROM orders_voucheruse
                      WHERE given_back_at IS NULL AND NOT over_limit AND voucher_id {among} GROUP BY voucher_id) u
            ON u.voucher_id = v.id
         WHERE v.id {among} AND (v.used <> coalesce(u.live, 0) OR coalesce(u.live, 0) > v.total_limit)""",
        over="orders_voucher",
    ),
    Law(
        "I9b",
        "a discount is what the order's voucher use says; the use is given back if, and only if, the order was closed",
        """
        SELECT o.id, 'order ' || o.number || ' (' || o.status || '): discount ' || o.discount || ', use ' ||
               coalesce(u.amount::text, 'none') || CASE WHEN u.given_back_at IS NULL THEN '' ELSE ', given back' END
          FROM orders_order o LEFT JOIN orders_voucheruse u ON u.order_id = o.id
         WHERE o.id {among} AND (o.discount <> coalesce(u.amount, 0)
            OR (u.id IS NOT NULL AND (u.given_back_at IS NOT NULL) <> (o.status IN ('EXPIRED', 'CANCELLED'))))""",
        over="orders_order",
    ),
)
