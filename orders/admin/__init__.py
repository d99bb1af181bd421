"""Staff pages for shipping: services, zones, rates. The pages of orders need their money and are in ``payments``."""

from orders.admin import shipping

__all__ = ["shipping"]
