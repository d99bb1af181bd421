"""What every storefront page needs: contact, theme, the number on the cart. One small query at most."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from shop.phone import local_phone
from shop.selectors import cart_units, menu_categories


def storefront(request: HttpRequest) -> dict[str, Any]:
    """Return the shared context; queries run only when the template asks."""
    return site() | {
        "theme": theme(request),
        "menu_categories": SimpleLazyObject(menu_categories),
        "cart_units": SimpleLazyObject(lambda: cart_units(request)),
    }


def site() -> dict[str, Any]:
    """Return what is the same for everybody."""
    return {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "whatsapp": settings.WHATSAPP_NUMBER,
        "whatsapp_local": local_phone("+" + settings.WHATSAPP_NUMBER),
        "contact_email": settings.CONTACT_EMAIL,
        "shop_legal_name": settings.SHOP_LEGAL_NAME,
        "shop_address": settings.SHOP_ADDRESS,
        "payment_hours": settings.PAYMENT_WINDOW_MINUTES // 60,
    }


def theme(request: HttpRequest) -> str:
    """Return the theme that the visitor chose, or nothing."""
    chosen = request.COOKIES.get("tema", "")
    return chosen if chosen in {"light", "dark"} else ""
