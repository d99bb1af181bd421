"""Turning a request into an order that awaits payment, exactly once."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection

from config.database import Trouble, classify, lock_names, unit_of_work, violated_constraint
from config.databases import LOCK_TIMEOUT_MS
from config.errors import InvalidInputError, NotFoundError
from config.rows import rows_of
from orders import pricing, shipping
from orders.emails import queue_order_mail
from orders.errors import (
    CannotDeliverError,
    CartChangedError,
    IdempotencyConflictError,
    OrderBusyError,
    PriceChangedError,
    TooManyUnpaidOrdersError,
)
from orders.models import Order, OrderItem, Voucher
from orders.models.event import EventKind
from orders.pricing import PricedLine, Totals
from orders.services import vouchers
from orders.services.lines import insert_items, priced
from orders.services.request import MAX_KEY_LENGTH, OrderLine, OrderRequest, same_request
from orders.tax import tax_on
from orders.transitions import record
from shop.locks import lock_cart, lock_user
from shop.models import Cart, CartStatus, User
from shop.services import stock
from shop.services.account import AddressData, saved_address
from shop.services.site import require_open

__all__ = ["OrderLine", "OrderRequest", "PlacedOrder", "place_order"]

BUDGET_S = 8.0
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no 0/O, 1/I: it is read out on the phone
_WIB = ZoneInfo("Asia/Jakarta")
# Three counts on three partial indexes; one query with OR would read them all for each. The clock comes along.
_UNPAID_SQL = """
SELECT clock_timestamp(),
       (SELECT count(*) FROM orders_order WHERE user_id = %s AND status = 'PENDING_PAYMENT'),
       (SELECT count(*) FROM orders_order WHERE email = %s AND status = 'PENDING_PAYMENT'),
       (SELECT count(*) FROM orders_order WHERE phone = %s AND status = 'PENDING_PAYMENT')
"""


@dataclass(frozen=True)
class PlacedOrder:
    """The order, and whether it had been placed before; a new one comes with its items (without their ids)."""

    order: Order
    duplicate: bool
    items: tuple[OrderItem, ...] = ()


def place_order(
    *,
    customer: User,
    request: OrderRequest,
    key: str | None = None,
    cart: Cart | None = None,
    cart_version: int | None = None,
) -> PlacedOrder:
    """Turn ``request`` into an order that awaits payment, once per (customer, key) and once per cart.

    All or nothing: one line short of stock, and nothing is written. A repetition answers the first order for ever.
    Without a key one is made up: the API then has no protection, a cart still has its own. Locks the cart, the
    customer, then the voucher, and last of all the variants. Takes at most about 8 s when requests of one key pile up.

    Raises InvalidInputError, IdempotencyConflictError, ShopClosedError, TooManyUnpaidOrdersError, NotFoundError (the
    address), CannotDeliverError, VoucherRefusedError, VariantNotForSaleError, InsufficientStockError (every short
    line), CartChangedError, PriceChangedError, OrderBusyError.
    """
    request.check()
    key = _checked_key(key)
    deadline = time.monotonic() + BUDGET_S
    if earlier := _replayed(customer, key, request):
        return PlacedOrder(earlier, duplicate=True)
    while True:
        try:
            return unit_of_work(
                partial(_place, customer, request, key, cart, cart_version, deadline),
                resolve=partial(_outcome, customer, key),
            )
        except IntegrityError as error:
            constraint = violated_constraint(error)
            if constraint not in {"order_once_per_user_and_key", "orders_order_cart_id_key", "orders_order_number_key"}:
                raise
            if earlier := _replayed(customer, key, request) or _order_of(cart):
                return PlacedOrder(earlier, duplicate=True)
        except DatabaseError as error:
            if classify(error) is not Trouble.LOCK_TIMEOUT:
                raise
            if earlier := _replayed(customer, key, request) or _order_of(cart):
                return PlacedOrder(earlier, duplicate=True)
        if time.monotonic() > deadline:
            raise OrderBusyError


def _checked_key(key: str | None) -> str:
    if key is None:
        return f"auto-{secrets.token_hex(16)}"
    if not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isprintable():
        raise InvalidInputError("idempotencyKey", f"Kunci harus 1 sampai {MAX_KEY_LENGTH} huruf yang dapat dicetak.")
    if key != key.strip():  # HTTP drops the blanks around a header, so the same key would be two
        raise InvalidInputError("idempotencyKey", "Kunci tidak boleh diawali atau diakhiri spasi.")
    return key


def _replayed(customer: User, key: str, request: OrderRequest) -> Order | None:
    """Return the order that this key made before, or None. Raises IdempotencyConflictError for another request."""
    order = next(iter(rows_of(Order, "user_id = %s AND idempotency_key = %s", [customer.pk, key])), None)
    if order is None:
        return None
    if not same_request(request.normalised(), order.request):
        raise IdempotencyConflictError(order=order.number)
    return order


def _order_of(cart: Cart | None) -> Order | None:
    return Order.objects.filter(cart_id=cart.pk).first() if cart is not None else None


def _outcome(customer: User, key: str) -> PlacedOrder | None:
    """Tell what a lost COMMIT did: the row is there, or it is not."""
    order = Order.objects.filter(user=customer, idempotency_key=key).first()
    return PlacedOrder(order, duplicate=False) if order else None


def _place(
    customer: User,
    request: OrderRequest,
    key: str,
    cart: Cart | None,
    cart_version: int | None,
    deadline: float,
) -> PlacedOrder:
    """The transaction: cart, customer, checks, order, items, event, mail, voucher, and last the stock."""
    _wait_no_longer_than(deadline)
    if cart is not None:
        locked = lock_cart(cart.pk)
        if locked.status != CartStatus.OPEN:
            if earlier := _order_of(cart):
                return PlacedOrder(earlier, duplicate=True)
            raise CartChangedError
        if cart_version is not None and locked.version != cart_version:
            raise CartChangedError(version=locked.version)
    own_email = lock_user(customer.pk)
    if earlier := _replayed(customer, key, request):
        return PlacedOrder(earlier, duplicate=True)
    require_open()
    address = _address(customer, request)
    # Whoever asked with his own address gets the mails where it is now: it may have changed while this waited.
    email = own_email if request.email in {"", customer.email} else request.email
    if not email:
        raise InvalidInputError("email", "Isi alamat e-mail untuk kabar pesanan.")
    now = _require_quota(customer, email, address.phone)
    lines = priced(request)
    quote = _quote(address, request, lines)
    buyer = vouchers.Buyer.of(user_id=customer.pk, email=email, phone=address.phone)
    voucher = vouchers.find(request.voucher_code) if request.voucher_code else None
    totals = _totals(voucher, buyer, subtotal=pricing.subtotal(lines), shipping=quote.price, now=now)
    if request.expected_total is not None and request.expected_total != totals.total:
        raise PriceChangedError(expected=request.expected_total, total=totals.total)
    order = _insert(customer, request, key, cart, email, address, lines, quote, totals, now)
    items = insert_items(order, lines)
    record(order, EventKind.PLACED, actor=f"customer:{customer.pk}", data=_placed_data(totals))
    queue_order_mail("order_received", order, items=items)
    if cart is not None:
        Cart.objects.filter(pk=cart.pk).update(status=CartStatus.CONVERTED)
    if voucher is not None:
        vouchers.take_use(order, voucher, buyer)
    stock.reserve(reference=order.number, quantities={line.variant_id: line.quantity for line in lines})
    return PlacedOrder(order, duplicate=False, items=tuple(items))


def _wait_no_longer_than(deadline: float) -> None:
    """Let no lock be waited for beyond the budget: the last try has less time for it than the usual timeout."""
    left_ms = max(1, round((deadline - time.monotonic()) * 1000))
    if left_ms < LOCK_TIMEOUT_MS:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{left_ms}ms"])


def _address(customer: User, request: OrderRequest) -> AddressData:
    if request.address is not None:
        return request.address
    saved = saved_address(user_id=customer.pk, address_id=request.address_id or 0)
    if saved is None:
        raise NotFoundError("Alamat tidak ditemukan.", field="addressId")
    return saved


def _require_quota(customer: User, email: str, phone: str) -> datetime:
    """Refuse more unpaid orders than allowed per customer, e-mail and phone: unpaid orders hold stock.

    Returns the database's clock, by which the order is dated.
    The customer's row is locked; those who share an e-mail or a phone share no row, so these are locked by name.
    """
    lock_names(f"unpaid-email:{email}", f"unpaid-phone:{phone}")
    limit = settings.MAX_UNPAID_ORDERS
    with connection.cursor() as cursor:
        cursor.execute(_UNPAID_SQL, [customer.pk, email, phone])
        now, *counts = cursor.fetchone()
    if max(counts) >= limit:
        raise TooManyUnpaidOrdersError(limit=limit)
    return cast("datetime", now)


def _quote(address: AddressData, request: OrderRequest, lines: list[PricedLine]) -> shipping.ShippingQuote:
    """Return the shipping service. More than there is is told as a shortage, not as a parcel that is too heavy."""
    try:
        return shipping.choose(
            province=address.province,
            grams=pricing.weight(lines),
            code=request.shipping_method,
        )
    except CannotDeliverError:
        stock.require_available({line.variant_id: line.quantity for line in lines})
        raise


def _totals(voucher: Voucher | None, buyer: vouchers.Buyer, *, subtotal: int, shipping: int, now: datetime) -> Totals:
    if voucher is None:
        return pricing.totals(subtotal=subtotal, shipping=shipping)
    return vouchers.judge(voucher, buyer, subtotal=subtotal, shipping=shipping, now=now)


def _placed_data(totals: Totals) -> dict[str, Any]:
    """Return what the history says of the order's price."""
    if totals.rule is None:
        return {"total": totals.total}
    return {"total": totals.total, "discount": totals.discount, "voucher": totals.rule.code}


def _insert(
    customer: User,
    request: OrderRequest,
    key: str,
    cart: Cart | None,
    email: str,
    address: AddressData,
    lines: list[PricedLine],
    quote: shipping.ShippingQuote,
    totals: Totals,
    now: datetime,
) -> Order:
    return Order.objects.create(
        number=new_number(now),
        user=customer,
        email=email,
        idempotency_key=key,
        request=_stored_request(request, lines, quote.code),
        cart=cart,
        recipient=address.recipient,
        phone=address.phone,
        province=address.province,
        city=address.city,
        district=address.district,
        postal_code=address.postal_code,
        street=address.street,
        note=request.note,
        shipping_method=quote.code,
        courier=quote.label,
        subtotal=totals.subtotal,
        shipping_cost=totals.shipping,
        discount=totals.discount,
        total=totals.total,
        voucher_code=totals.rule.code if totals.rule else "",
        voucher_rule=totals.rule.words if totals.rule else "",
        tax=tax_on(
            [(line.name, line.quantity, line.total) for line in lines],
            shipping=totals.shipping,
            discount=totals.discount,
        ),
        created_at=now,
        status_at=now,
        expires_at=now + timedelta(minutes=settings.PAYMENT_WINDOW_MINUTES),
    )


def _stored_request(request: OrderRequest, lines: list[PricedLine], shipping_method: str) -> dict[str, Any]:
    """Return the request as it was understood: lines resolved to variants, the service that was chosen."""
    stored = request.normalised()
    stored["items"] = [
        {"productId": line.product_id, "variantId": line.variant_id, "quantity": line.quantity} for line in lines
    ]
    stored["shippingMethod"] = shipping_method
    return stored


def new_number(now: datetime) -> str:
    """Return ``ORD-YYYYMMDD-XXXXXX``: the date in WIB, and six random letters (not a counter)."""
    random_part = "".join(secrets.choice(_ALPHABET) for _ in range(6))
    return f"ORD-{now.astimezone(_WIB):%Y%m%d}-{random_part}"
