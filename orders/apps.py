from django.apps import AppConfig
from django.core import checks


class OrdersConfig(AppConfig):
    """Registers the check of what invoices have to say."""

    name = "orders"
    verbose_name = "Penjualan"

    def ready(self) -> None:
        from config.checks import SETTINGS
        from orders.checks import check_seller

        checks.register(check_seller, SETTINGS)
