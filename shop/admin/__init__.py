"""Staff pages for what is for sale, the stock, the people and their logins, and whether the shop is open."""

from shop.admin import catalogue, counts, ledger, logins, people, site, stock

__all__ = ["catalogue", "counts", "ledger", "logins", "people", "site", "stock"]
