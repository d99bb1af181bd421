"""An order's invoice: what was sold, by whom, to whom, for how much, and what of it was PPN when it was sold."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from orders.models import Order, OrderItem
from orders.states import OrderStatus
from orders.tax import Tax
from payments.pages import OrderPaths, Recipient
from payments.selectors import recipient_of, situation_of
from shop.phone import local_phone


@dataclass(frozen=True)
class Seller:
    """Who sells, as the settings say it today; the NPWP of a taxed order is the one it was sold under."""

    name: str
    address: str
    npwp: str
    phone: str
    email: str


@dataclass(frozen=True)
class Invoice:
    """Everything on the page. Its number is the order's: one order is paid once and has one invoice."""

    order: Order
    paths: OrderPaths
    seller: Seller
    recipient: Recipient
    items: tuple[OrderItem, ...]
    tax: Tax | None
    paid_with: str
    returned: int

    @property
    def is_void(self) -> bool:
        """Whether the sale was undone after it was paid."""
        return self.order.status in {OrderStatus.CANCELLED, OrderStatus.REFUNDED}


def has_invoice(order: Order) -> bool:
    """Say whether there is an invoice: only for what was paid."""
    return order.paid_at is not None


def invoice_of(order: Order, paths: OrderPaths, *, whole: bool) -> Invoice:
    """Return the invoice of a paid order (two queries). ``whole``: for its owner, with the personal data unmasked."""
    situation = situation_of(order)
    tax = Tax.read(order.tax)
    return Invoice(
        order=order,
        paths=paths,
        seller=_seller(tax),
        recipient=recipient_of(order, whole=whole),
        items=tuple(OrderItem.objects.filter(order=order)),
        tax=tax,
        paid_with=situation.paid_with,
        returned=situation.money.price_returned,
    )


def _seller(tax: Tax | None) -> Seller:
    return Seller(
        name=settings.SHOP_LEGAL_NAME or settings.SITE_NAME,
        address=settings.SHOP_ADDRESS,
        npwp=tax.npwp if tax else settings.SHOP_NPWP,
        phone=local_phone(f"+{settings.WHATSAPP_NUMBER}"),
        email=settings.CONTACT_EMAIL,
    )
