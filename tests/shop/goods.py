"""Products that are ready to be looked at."""

from __future__ import annotations

from typing import Any

from shop.models import Product
from tests.factories import ProductFactory, ProductImageFactory, VariantFactory


def product(
    name: str = "Mangkuk Seladon", *, prices: tuple[int, ...] = (100_000,), on_hand: int = 10, **fields: Any
) -> Product:
    """Return a product with one variant for each price, and a picture."""
    made = ProductFactory.create(name=name, **fields)
    ProductImageFactory.create(product=made)
    for price in prices:
        VariantFactory.create(product=made, price=price, on_hand=on_hand)
    return made
