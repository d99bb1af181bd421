"""Staff pages for what is for sale, the stock, the people, and whether the shop is open."""

from shop.admin import catalogue, ledger, people, site, stock

__all__ = ["catalogue", "ledger", "people", "site", "stock"]
