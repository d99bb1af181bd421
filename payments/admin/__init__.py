"""Staff pages for orders and their money, and the buttons that call the services."""

from payments.admin import inbox, money, order, outgoing, refund

__all__ = ["inbox", "money", "order", "outgoing", "refund"]
