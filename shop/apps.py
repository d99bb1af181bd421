from django.apps import AppConfig
from django.core import checks


class ShopConfig(AppConfig):
    """Registers the checks of how people log in."""

    name = "shop"
    verbose_name = "Toko"

    def ready(self) -> None:
        from shop.login_guard import check_proxies
        from shop.second_factor import check_policy, check_policy_live

        checks.register(check_policy)
        checks.register(check_policy_live, checks.Tags.security, deploy=True)
        checks.register(check_proxies, checks.Tags.security, deploy=True)
