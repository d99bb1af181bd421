"""A small shop for tests, built through the services: what is for sale, who buys, an order, a notification."""

from __future__ import annotations

import itertools
import json
from typing import Any

from django.conf import settings
from django.db import transaction as db_transaction
from django.test import Client

from orders.demo import seed_shipping
from orders.models import Order
from orders.services import OrderLine, OrderRequest, place_order
from payments.models import Payment
from payments.notification_body import signature
from payments.services import start_payment
from shop.models import Category, Product, User, Variant
from shop.services import stock
from shop.services.account import AddressData

_serial = itertools.count(1)

ADDRESS = AddressData(
    recipient="Sari Wulandari",
    phone="+6281234567890",
    province="JAWA BARAT",
    city="KOTA BANDUNG",
    district="Coblong",
    postal_code="40132",
    street="Jl. Dago 12, RT 03/RW 05",
)


def make_variant(
    *, on_hand: int = 10, price: int = 100_000, weight: int = 400, product: Product | None = None
) -> Variant:
    """Return a variant on sale with stock that the ledger knows."""
    serial = next(_serial)
    if product is None:
        category, _ = Category.objects.get_or_create(slug="rak", defaults={"name": "Rak"})
        product = Product.objects.create(category=category, name=f"Barang {serial}", slug=f"barang-{serial}")
    variant = Variant.objects.create(product=product, sku=f"SKU-{serial}", price=price, weight=weight)
    if on_hand:
        with db_transaction.atomic():
            stock.receive(variant_id=variant.pk, quantity=on_hand, actor="test", reason="stok awal")
        variant.refresh_from_db()
    return variant


def make_customer(**fields: Any) -> User:
    """Return a member with a fresh e-mail address."""
    return User.objects.create_user(f"pembeli{next(_serial)}@example.com", "kata-sandi-panjang", **fields)


def order_request(*lines: tuple[Variant, int], **changes: Any) -> OrderRequest:
    """Return a request for units of variants to the usual address; each call has a telephone number of its own."""
    address = changes.pop("address", None) or AddressData(**vars(ADDRESS) | {"phone": f"+62812{next(_serial):08d}"})
    wanted = tuple(OrderLine(quantity=quantity, variant_id=variant.pk) for variant, quantity in lines)
    return OrderRequest(lines=wanted, address=address, **changes)


def make_order(*lines: tuple[Variant, int], customer: User | None = None, **changes: Any) -> Order:
    """Place an order and return it."""
    seed_shipping()
    request = order_request(*(lines or ((make_variant(), 1),)), **changes)
    return place_order(customer=customer or make_customer(), request=request).order


def start(order: Order) -> Payment:
    """Start paying an order."""
    return start_payment(order_id=order.pk).payment


def notification_body(status: dict[str, Any], **edits: Any) -> bytes:
    """Return a correctly signed notification for a transaction as the simulator's GET status or event shows it.

    ``edits`` change fields *before* signing, except those named ``after_...``, which are changed afterwards.
    """
    after = {name.removeprefix("after_"): edits.pop(name) for name in list(edits) if name.startswith("after_")}
    body = dict(status) | edits
    body["signature_key"] = signature(body["order_id"], body["status_code"], body["gross_amount"])
    return json.dumps(body | after).encode()


def post_notification(body: bytes, *, client: Client | None = None) -> int:
    """Post a body to the webhook and return the status code."""
    answer = (client or Client()).post("/api/payment/notification", data=body, content_type="application/json")
    return answer.status_code


def notify(payment: Payment, transaction: dict[str, Any], status_code: str = "200", **edits: Any) -> int:
    """Post what Midtrans would post about a transaction of a payment; returns the status code."""
    body = {
        "order_id": payment.gateway_id,
        "transaction_id": transaction["transaction_id"],
        "transaction_status": transaction["transaction_status"],
        "status_code": status_code,
        "gross_amount": f"{payment.amount}.00",
        "payment_type": transaction.get("payment_type", "bank_transfer"),
        "currency": "IDR",
    }
    return post_notification(notification_body(body, **edits))


def server_key() -> str:
    """Return the key that notifications are signed with."""
    return str(settings.MIDTRANS_SERVER_KEY)
