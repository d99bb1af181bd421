from django.apps import AppConfig, apps
from django.core import checks


class ShopConfig(AppConfig):
    """Registers the checks of how people log in, and names the app that guards staff's logins for people."""

    name = "shop"
    verbose_name = "Toko"

    def ready(self) -> None:
        from config.checks import SETTINGS
        from shop.login_guard import check_proxies
        from shop.second_factor import check_policy, check_policy_live

        apps.get_app_config("axes").verbose_name = "Keamanan"  # it stands in the admin's trail
        checks.register(check_policy, SETTINGS)
        checks.register(check_policy_live, SETTINGS, checks.Tags.security, deploy=True)
        checks.register(check_proxies, SETTINGS, checks.Tags.security, deploy=True)
