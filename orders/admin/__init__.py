"""Staff pages for shipping (services, zones, rates) and vouchers. Those of orders need money: see ``payments``."""

from orders.admin import shipping, voucher

__all__ = ["shipping", "voucher"]
