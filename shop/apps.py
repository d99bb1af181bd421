from django.apps import AppConfig, apps
from django.core import checks


class ShopConfig(AppConfig):
    """Registers the checks of the rule for staff logins, and names the app that guards them for people."""

    name = "shop"
    verbose_name = "Toko"

    def ready(self) -> None:
        apps.get_app_config("axes").verbose_name = "Keamanan"  # it stands in the admin's trail
        from shop.second_factor import check_policy, check_policy_live

        checks.register(check_policy)
        checks.register(check_policy_live, checks.Tags.security, deploy=True)
