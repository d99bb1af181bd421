"""The lines of an order at the prices of now, and their place among the rows of the order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.conf import settings
from django.db import connection

from config.errors import InvalidInputError
from orders.models import Order, OrderItem
from orders.pricing import PricedLine
from orders.selectors import MAX_BIGINT
from orders.services.request import OrderLine, OrderRequest
from shop.errors import VariantNotForSaleError
from shop.models import Variant

# By cursor, as every order does both inside its transaction: objects of a model would cost ten times the statement.
_OFFERED_SQL = """
SELECT v.id, v.product_id, p.name, v.name, v.sku, v.price, v.weight, v.is_active, p.is_active
  FROM shop_variant v JOIN shop_product p ON p.id = v.product_id
 WHERE v.id = ANY(%s::bigint[]) OR v.product_id = ANY(%s::bigint[])
"""
_INSERT_SQL = """
INSERT INTO orders_orderitem (order_id, variant_id, name, variant_name, sku, unit_price, quantity, weight)
SELECT %s, line.* FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::int[], %s::int[])
    AS line (variant_id, name, variant_name, sku, unit_price, quantity, weight)
 ORDER BY line.variant_id
"""


class _Offered(NamedTuple):
    """A variant with its product, as it stands."""

    variant_id: int
    product_id: int
    name: str
    variant_name: str
    sku: str
    price: int
    weight: int
    variant_is_active: bool
    product_is_active: bool


def priced(request: OrderRequest) -> list[PricedLine]:
    """Return one line per variant, quantities summed, at the prices of now, in variant-id order.

    Raises InvalidInputError (naming the line) and VariantNotForSaleError.
    """
    named = [line.variant_id for line in request.lines if line.variant_id is not None]
    products = [line.product_id for line in request.lines if line.variant_id is None and line.product_id is not None]
    with connection.cursor() as cursor:
        cursor.execute(_OFFERED_SQL, [_possible(named), _possible(products)])
        offered = {row[0]: _Offered(*row) for row in cursor.fetchall()}
    quantities: dict[int, int] = {}
    for index, line in enumerate(request.lines):
        pk = _offer_of(line, index, offered).variant_id
        quantities[pk] = quantities.get(pk, 0) + line.quantity
        if quantities[pk] > settings.MAX_UNITS_PER_LINE:
            raise InvalidInputError(
                f"items[{index}].quantity",
                f"Paling banyak {settings.MAX_UNITS_PER_LINE} per barang.",
            )
    return [_line(offered[pk], quantity) for pk, quantity in sorted(quantities.items())]


def _possible(ids: list[int]) -> list[int]:
    """Leave out what no id can be: the database would refuse the number itself."""
    return [pk for pk in ids if 0 < pk <= MAX_BIGINT]


def _offer_of(line: OrderLine, index: int, offered: dict[int, _Offered]) -> _Offered:
    if line.variant_id is None:
        sold = [one for one in offered.values() if one.product_id == line.product_id and one.variant_is_active]
        if len(sold) > 1:
            raise InvalidInputError(
                f"items[{index}].variantId", "Produk ini punya beberapa pilihan; sebutkan variannya."
            )
        found = sold[0] if sold else None
        field = "productId"
    else:
        found = offered.get(line.variant_id)
        field = "variantId"
    if found is None or (line.product_id is not None and found.product_id != line.product_id):
        raise InvalidInputError(f"items[{index}].{field}", "Barang tidak ditemukan.")
    if not found.variant_is_active or not found.product_is_active:
        raise VariantNotForSaleError(f"{found.name} tidak lagi dijual.", variant=found.variant_id)
    return found


def _line(offered: _Offered, quantity: int) -> PricedLine:
    return PricedLine(
        variant_id=offered.variant_id,
        product_id=offered.product_id,
        name=offered.name,
        variant_name=offered.variant_name,
        sku=offered.sku,
        unit_price=offered.price,
        weight=offered.weight,
        quantity=quantity,
    )


def insert_items(order: Order, lines: Sequence[PricedLine]) -> list[OrderItem]:
    """Write the items of a new order and return them, without their ids."""
    columns = (
        [line.variant_id for line in lines],
        [line.name for line in lines],
        [line.variant_name for line in lines],
        [line.sku for line in lines],
        [line.unit_price for line in lines],
        [line.quantity for line in lines],
        [line.weight for line in lines],
    )
    with connection.cursor() as cursor:
        cursor.execute(_INSERT_SQL, [order.pk, *columns])
    return [
        OrderItem(
            order=order,
            variant=Variant(pk=line.variant_id, product_id=line.product_id),
            name=line.name,
            variant_name=line.variant_name,
            sku=line.sku,
            unit_price=line.unit_price,
            quantity=line.quantity,
            weight=line.weight,
        )
        for line in lines
    ]
