"""What machines read of a page (schema.org, as JSON-LD): the same names, prices and stock that people see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse

from shop.offers import Offer

Data = dict[str, Any]
_SCHEMA = "https://schema.org"


def linked(*things: Data) -> Data:
    """Return one document of several things."""
    return {"@context": _SCHEMA, "@graph": list(things)}


def organization() -> Data:
    """Return who sells."""
    return {
        "@type": "Organization",
        "@id": f"{settings.SITE_URL}/#toko",
        "name": settings.SITE_NAME,
        "url": f"{settings.SITE_URL}/",
        "logo": absolute(static("img/apple-touch-icon.png")),
        "email": settings.CONTACT_EMAIL,
        "contactPoint": {
            "@type": "ContactPoint",
            "contactType": "customer service",
            "telephone": f"+{settings.WHATSAPP_NUMBER}",
            "availableLanguage": "id",
        },
    }


def website() -> Data:
    """Return the site with its search."""
    return {
        "@type": "WebSite",
        "name": settings.SITE_NAME,
        "url": f"{settings.SITE_URL}/",
        "inLanguage": "id",
        "potentialAction": {
            "@type": "SearchAction",
            "target": f"{settings.SITE_URL}{reverse('shop:search')}?q={{q}}",
            "query-input": "required name=q",
        },
    }


def crumbs(*steps: tuple[str, str]) -> Data:
    """Return the way from the front page to this one; each step is a name and a path."""
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": position, "name": name, "item": absolute(path)}
            for position, (name, path) in enumerate([("Beranda", reverse("shop:home")), *steps], 1)
        ],
    }


def product(offer: Offer) -> Data:
    """Return the product with the variant that the page shows: its price, and whether it is there."""
    shown, variant = offer.product, offer.variant
    path = shown.get_absolute_url()
    data: Data = {
        "@type": "Product",
        "name": shown.name,
        "description": shown.description or shown.tagline or shown.name,
        "sku": variant.sku,
        "category": shown.category.name,
        "url": absolute(path),
        "offers": {
            "@type": "Offer",
            "url": absolute(f"{path}?varian={variant.pk}" if offer.axes else path),
            "price": str(variant.price),
            "priceCurrency": "IDR",
            "availability": f"{_SCHEMA}/{'OutOfStock' if offer.is_sold else 'InStock'}",
            "itemCondition": f"{_SCHEMA}/NewCondition",
            "seller": {"@id": f"{settings.SITE_URL}/#toko"},
        },
    }
    if pictures := _pictures(offer):
        data["image"] = pictures
    return data


def _pictures(offer: Offer) -> Sequence[str]:
    return [absolute(picture.large.url) for picture in offer.pictures]


def absolute(path: str) -> str:
    """Return an address of this site with its host; one on another host stays as it is."""
    return path if "://" in path else f"{settings.SITE_URL}/{path.lstrip('/')}"
