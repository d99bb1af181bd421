"""Turning a request into an order that awaits payment, exactly once."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection
from django.db.models import Q

from config.database import Trouble, classify, database_now, lock_names, unit_of_work, violated_constraint
from config.databases import LOCK_TIMEOUT_MS
from config.errors import InvalidInputError, NotFoundError
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
from orders.models import Order, OrderItem
from orders.models.event import EventKind
from orders.pricing import PricedLine, Totals
from orders.services.request import MAX_KEY_LENGTH, OrderLine, OrderRequest, same_request
from orders.transitions import record
from shop.errors import VariantNotForSaleError
from shop.locks import lock_cart, lock_user
from shop.models import Address, Cart, CartStatus, User, Variant
from shop.services import stock
from shop.services.account import AddressData
from shop.services.site import require_open

__all__ = ["OrderLine", "OrderRequest", "PlacedOrder", "place_order"]

BUDGET_S = 8.0
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no 0/O, 1/I: it is read out on the phone
_WIB = ZoneInfo("Asia/Jakarta")
_REPLAYED_SQL = "SELECT * FROM orders_order WHERE user_id = %s AND idempotency_key = %s"
# Three counts on three partial indexes; one query with OR would read them all for each.
_UNPAID_SQL = """
SELECT (SELECT count(*) FROM orders_order WHERE user_id = %s AND status = 'PENDING_PAYMENT'),
       (SELECT count(*) FROM orders_order WHERE email = %s AND status = 'PENDING_PAYMENT'),
       (SELECT count(*) FROM orders_order WHERE phone = %s AND status = 'PENDING_PAYMENT')
"""


@dataclass(frozen=True)
class PlacedOrder:
    """The order, and whether it had been placed before."""

    order: Order
    duplicate: bool


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
    customer, and last of all the variants. Takes at most about 8 s when requests of the same key pile up.

    Raises InvalidInputError, IdempotencyConflictError, ShopClosedError, TooManyUnpaidOrdersError, NotFoundError (the
    address), CannotDeliverError, VariantNotForSaleError, InsufficientStockError (every short line), CartChangedError,
    PriceChangedError, OrderBusyError.
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
    # Nearly always nothing: asked without building a model's query, which costs ten times this.
    order = next(iter(Order.objects.raw(_REPLAYED_SQL, [customer.pk, key])), None)
    if order is not None and not same_request(request.normalised(), order.request):
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
    """The transaction: cart, customer, checks, order, items, event, mail, and last the stock."""
    _wait_no_longer_than(deadline)
    if cart is not None:
        locked = lock_cart(cart.pk)
        if locked.status != CartStatus.OPEN:
            if earlier := _order_of(cart):
                return PlacedOrder(earlier, duplicate=True)
            raise CartChangedError
        if cart_version is not None and locked.version != cart_version:
            raise CartChangedError(version=locked.version)
    lock_user(customer.pk)
    if earlier := _replayed(customer, key, request):
        return PlacedOrder(earlier, duplicate=True)
    require_open()
    address = _address(customer, request)
    email = request.email or customer.email or ""
    if not email:
        raise InvalidInputError("email", "Isi alamat e-mail untuk kabar pesanan.")
    _require_quota(customer, email, address.phone)
    lines = _priced(request)
    quote = _quote(address, request, lines)
    totals = Totals(subtotal=pricing.subtotal(lines), shipping=quote.price, discount=0)
    if request.expected_total is not None and request.expected_total != totals.total:
        raise PriceChangedError(expected=request.expected_total, total=totals.total)
    order = _insert(customer, request, key, cart, email, address, lines, quote, totals)
    items = OrderItem.objects.bulk_create([_item(order, line) for line in lines])
    record(order, EventKind.PLACED, actor=f"customer:{customer.pk}", data={"total": totals.total})
    queue_order_mail("order_received", order, items=items)
    if cart is not None:
        Cart.objects.filter(pk=cart.pk).update(status=CartStatus.CONVERTED)
    stock.reserve(reference=order.number, quantities={line.variant_id: line.quantity for line in lines})
    return PlacedOrder(order, duplicate=False)


def _wait_no_longer_than(deadline: float) -> None:
    """Let no lock be waited for beyond the budget: the last try has less time for it than the usual timeout."""
    left_ms = max(1, round((deadline - time.monotonic()) * 1000))
    if left_ms < LOCK_TIMEOUT_MS:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{left_ms}ms"])


def _address(customer: User, request: OrderRequest) -> AddressData:
    if request.address is not None:
        return request.address
    saved = Address.objects.filter(user=customer, pk=request.address_id or 0).first()
    if saved is None:
        raise NotFoundError("Alamat tidak ditemukan.", field="addressId")
    return AddressData.of(saved)


def _require_quota(customer: User, email: str, phone: str) -> None:
    """Refuse more unpaid orders than allowed per customer, e-mail and phone: unpaid orders hold stock.

    The customer's row is locked; those who share an e-mail or a phone share no row, so these are locked by name.
    """
    lock_names(f"unpaid-email:{email}", f"unpaid-phone:{phone}")
    limit = settings.MAX_UNPAID_ORDERS
    with connection.cursor() as cursor:
        cursor.execute(_UNPAID_SQL, [customer.pk, email, phone])
        counts = cursor.fetchone()
    if max(counts) >= limit:
        raise TooManyUnpaidOrdersError(limit=limit)


def _priced(request: OrderRequest) -> list[PricedLine]:
    """Return one line per variant, quantities summed, at the prices of now, in variant-id order."""
    named = [line.variant_id for line in request.lines if line.variant_id is not None]
    products = [line.product_id for line in request.lines if line.variant_id is None]
    variants = {
        variant.pk: variant
        for variant in Variant.objects.filter(Q(pk__in=named) | Q(product_id__in=products)).select_related("product")
    }
    quantities: dict[int, int] = {}
    for index, line in enumerate(request.lines):
        variant = _variant_of(line, index, variants)
        quantities[variant.pk] = quantities.get(variant.pk, 0) + line.quantity
        if quantities[variant.pk] > settings.MAX_UNITS_PER_LINE:
            raise InvalidInputError(
                f"items[{index}].quantity",
                f"Paling banyak {settings.MAX_UNITS_PER_LINE} per barang.",
            )
    return [_line(variants[pk], quantity) for pk, quantity in sorted(quantities.items())]


def _variant_of(line: OrderLine, index: int, variants: dict[int, Variant]) -> Variant:
    if line.variant_id is None:
        sold = [v for v in variants.values() if v.product_id == line.product_id and v.is_active]
        if len(sold) > 1:
            raise InvalidInputError(
                f"items[{index}].variantId", "Produk ini punya beberapa pilihan; sebutkan variannya."
            )
        variant = sold[0] if sold else None
        field = "productId"
    else:
        variant = variants.get(line.variant_id)
        field = "variantId"
    if variant is None or (line.product_id is not None and variant.product_id != line.product_id):
        raise InvalidInputError(f"items[{index}].{field}", "Barang tidak ditemukan.")
    if not variant.is_active or not variant.product.is_active:
        raise VariantNotForSaleError(f"{variant.product.name} tidak lagi dijual.", variant=variant.pk)
    return variant


def _line(variant: Variant, quantity: int) -> PricedLine:
    return PricedLine(
        variant_id=variant.pk,
        product_id=variant.product_id,
        name=variant.product.name,
        variant_name=variant.name,
        sku=variant.sku,
        unit_price=variant.price,
        weight=variant.weight,
        quantity=quantity,
    )


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


def _item(order: Order, line: PricedLine) -> OrderItem:
    return OrderItem(
        order=order,
        variant_id=line.variant_id,
        name=line.name,
        variant_name=line.variant_name,
        sku=line.sku,
        unit_price=line.unit_price,
        quantity=line.quantity,
        weight=line.weight,
    )


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
) -> Order:
    now = database_now()
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
