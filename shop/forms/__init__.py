"""Shape and wording of what people type; see ``shop.forms.base`` for what every form of the shop has in common."""

from shop.forms.base import ShopForm

__all__ = ["ShopForm"]
