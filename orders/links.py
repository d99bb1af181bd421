"""The guest's link to an order: signed, so that a dump of the database opens nothing.

It carries the order's id and its link version; raising the version ends every link that was given out.
"""

from __future__ import annotations

from django.conf import settings
from django.core import signing

from config.errors import NotFoundError
from orders.models import Order

_SIGNER = signing.Signer(salt="orders.link")  # no time in it: one order, one link


def order_token(order: Order) -> str:
    """Return the token that opens ``order``."""
    return _SIGNER.sign_object([order.pk, order.link_version])


def order_by_token(token: str) -> Order:
    """Return the order that ``token`` opens. Raises NotFoundError for a forged, broken or ended one."""
    try:
        pk, version = _SIGNER.unsign_object(token)
    except (signing.BadSignature, ValueError, TypeError):
        raise NotFoundError("Tautan pesanan ini tidak berlaku.") from None
    order = Order.objects.filter(pk=pk, link_version=version).first()
    if order is None:
        raise NotFoundError("Tautan pesanan ini tidak berlaku.")
    return order


def order_path(order: Order) -> str:
    """Return the path of the order's page on this site."""
    return f"/pesanan/{order_token(order)}/"


def order_url(order: Order) -> str:
    """Return the full address of the order's page, for mails and the gateway."""
    return f"{settings.SITE_URL}{order_path(order)}"
