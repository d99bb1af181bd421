"""Everything the shop knows about a person, as one JSON document, produced piece by piece."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from django.db.models import Model
from django.utils import timezone

from config.models import OutgoingMail
from orders.models import Order
from payments.models import Payment, Refund
from shop.emails import account_reference
from shop.models import Address, ApiToken, Cart, CartItem, User

CHUNK = 50
_ACCOUNT = ("email", "name", "phone", "is_guest", "date_joined", "last_login")
_ADDRESS = (
    "recipient", "phone", "street", "district", "city", "province", "postal_code", "is_default", "created_at",
)  # fmt: skip
_ORDER = (
    "number", "status", "email", "recipient", "phone", "street", "district", "city", "province", "postal_code", "note",
    "cancel_words", "courier", "subtotal", "shipping_cost", "discount", "total", "tax", "created_at", "expires_at",
    "paid_at", "status_at",
)  # fmt: skip
_ITEM = ("name", "variant_name", "sku", "unit_price", "quantity")
_EVENT = ("kind", "from_status", "to_status", "created_at")
_SHIPMENT = ("courier", "tracking_number", "shipped_at")
_CANCEL = ("reason", "state", "answer", "created_at", "answered_at")
_PAYMENT = ("gateway_id", "method", "status", "amount", "created_at", "success_at")
_REFUND = (
    "amount", "reason", "channel", "state", "bank_name", "account_number", "account_name", "created_at", "done_at",
)  # fmt: skip
_MAIL = ("kind", "subject", "to", "state", "created_at", "sent_at")


def export_person(user: User) -> Iterator[str]:
    """Yield the document: account, addresses, carts, API tokens, orders with all that belongs to them, mails.

    Money is whole rupiah, times are ISO 8601 in UTC. Orders are read in chunks, so it needs little memory.
    """
    yield f'{{"exported_at": {_json(timezone.now())}, "currency": "IDR", "account": {_json(_fields(user, _ACCOUNT))}'
    yield f', "addresses": {_json([_fields(row, _ADDRESS) for row in Address.objects.filter(user=user)])}'
    tokens = ApiToken.objects.filter(user=user)
    yield f', "api_tokens": {_json([_fields(row, ("prefix", "created_at", "expires_at")) for row in tokens])}'
    yield f', "carts": {_json([_cart(cart) for cart in Cart.objects.filter(user=user)])}'
    yield from _list("orders", _orders(user))
    yield from _list("mails", _mails(user))
    yield "}\n"


def _list(name: str, rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    yield f', "{name}": ['
    for number, row in enumerate(rows):
        yield f"{',' if number else ''}\n{_json(row)}"
    yield "]"


def _orders(user: User) -> Iterator[dict[str, Any]]:
    orders = Order.objects.filter(user=user).order_by("pk")
    orders = orders.prefetch_related("items", "events", "shipments", "cancel_requests")
    last = 0
    while chunk := list(orders.filter(pk__gt=last)[:CHUNK]):
        last = chunk[-1].pk
        payments = _by_order(Payment.objects.filter(order__in=chunk).order_by("pk"), "order_id")
        refunds = Refund.objects.filter(transaction__payment__order__in=chunk).select_related("transaction__payment")
        given_back: dict[int | None, list[Refund]] = {}
        for refund in refunds.order_by("pk"):
            given_back.setdefault(refund.transaction.payment.order_id, []).append(refund)
        for order in chunk:
            yield _fields(order, _ORDER) | {
                "items": [_fields(row, _ITEM) for row in order.items.all()],
                "history": [_fields(row, _EVENT) for row in order.events.all()],
                "shipments": [_fields(row, _SHIPMENT) for row in order.shipments.all()],
                "cancel_requests": [_fields(row, _CANCEL) for row in order.cancel_requests.all()],
                "payments": [_fields(row, _PAYMENT) for row in payments.get(order.pk, [])],
                "refunds": [_fields(row, _REFUND) for row in given_back.get(order.pk, [])],
            }


def _by_order(rows: Iterable[Payment], name: str) -> dict[int, list[Payment]]:
    found: dict[int, list[Payment]] = {}
    for row in rows:
        found.setdefault(getattr(row, name), []).append(row)
    return found


def _mails(user: User) -> Iterator[dict[str, Any]]:
    """Yield what was mailed to him: subjects and times; the bodies are in his mailbox."""
    numbers = Order.objects.filter(user=user).values("number")
    mails = OutgoingMail.objects.filter(reference__in=numbers) | OutgoingMail.objects.filter(
        reference=account_reference(user),
    )
    for mail in mails.defer("text", "html").order_by("pk").iterator(chunk_size=500):
        yield _fields(mail, _MAIL)


def _cart(cart: Cart) -> dict[str, Any]:
    items = CartItem.objects.filter(cart=cart).select_related("variant")
    lines = [{"sku": item.variant.sku, "quantity": item.quantity} for item in items]
    return _fields(cart, ("status", "updated_at")) | {"items": lines}


def _fields(row: Model, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"not JSON: {value!r}")
