"""What the order page's template gets: the facts, and beside each row of money the buttons that it has now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.urls import reverse

from config.staff import ActionAdmin
from config.staff.actions import Button
from config.staff.show import NOTHING, who
from orders.models import Order
from orders.services.cancel_requests import open_request
from payments.admin.who import sees_money
from payments.instructions import method_name
from payments.models import GatewayNotification, Payment, PaymentTransaction, Refund
from payments.staff import words
from payments.staff.order_page import left_to_give_back, read_order_page
from payments.staff.words import Badge
from shop.phone import local_phone
from shop.places import place_line


@dataclass(frozen=True)
class RefundRow:
    """A refund with its badge and buttons."""

    refund: Refund
    badge: Badge
    buttons: list[Button]


@dataclass(frozen=True)
class TransactionRow:
    """A transaction with what is left of it, its refunds and buttons."""

    row: PaymentTransaction
    badge: Badge
    method: str
    left: int
    refunds: list[RefundRow]
    buttons: list[Button]


@dataclass(frozen=True)
class PaymentRow:
    """A payment with its transactions."""

    payment: Payment
    badge: Badge
    transactions: list[TransactionRow]


@dataclass(frozen=True)
class NotificationRow:
    """A notification with its buttons."""

    row: GatewayNotification
    buttons: list[Button]


def context(request: HttpRequest, site: AdminSite, order: Order) -> dict[str, Any]:
    """Return the context of the page of an order from ``lists.with_facts``."""
    with_money = sees_money(request)
    page = read_order_page(order, with_money=with_money)
    greeting = quote(f"Halo, ini {settings.SITE_NAME} tentang pesanan {order.number}.")
    address = "\n".join((order.recipient, local_phone(order.phone), order.street, place_line(order)))
    return {
        "page": page,
        "order": order,
        "parcels": [(parcel, who(parcel.shipped_by)) for parcel in page.shipments],
        "status_badge": words.STATUS[order.status],
        "money_badge": words.money_badge(order) if with_money else None,
        "attention": words.attention(order, with_money=with_money),
        "cancel_request": open_request(order) if getattr(order, "asks_cancel", False) else None,
        "payments": [_payment_row(request, site, payment) for payment in page.payments],
        "notifications": [NotificationRow(row, _buttons(request, site, row)) for row in page.notifications],
        "address_text": address,
        "phone_local": local_phone(order.phone),
        "whatsapp_url": f"https://wa.me/{order.phone.removeprefix('+')}?text={greeting}",
        "slip_url": reverse("admin:orders_order_slip", args=[order.pk]),
        "may_see_mails": request.user.has_perm("config.view_outgoingmail"),
        "may_see_user": request.user.has_perm("shop.view_user"),
    }


def _payment_row(request: HttpRequest, site: AdminSite, payment: Payment) -> PaymentRow:
    rows = []
    for transaction in payment.transactions.all():
        transaction.payment = payment
        refunds = []
        for refund in transaction.refunds.all():
            refund.transaction = transaction
            refunds.append(RefundRow(refund, words.refund_badge(refund), _buttons(request, site, refund)))
        left = left_to_give_back(transaction)
        shown = words.TRANSACTION[transaction.status]
        method = method_name(transaction.raw, transaction.payment_type) or NOTHING
        rows.append(TransactionRow(transaction, shown, method, left, refunds, _buttons(request, site, transaction)))
    return PaymentRow(payment, words.PAYMENT[payment.status], rows)


def _buttons(request: HttpRequest, site: AdminSite, row: Any) -> list[Button]:
    """Return the buttons that the row has on its own page."""
    own = site._registry[type(row)]
    assert isinstance(own, ActionAdmin)
    return own.buttons(request, row)
