"""The ways in which ``shop`` says no."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from config.errors import ShopError


@dataclass(frozen=True)
class ShortLine:
    """One line that the stock does not cover. ``available`` is never below zero."""

    variant_id: int
    sku: str
    name: str
    available: int
    wanted: int


class InsufficientStockError(ShopError):
    """Some lines are not covered by the stock; every one of them is named."""

    code = "insufficient_stock"
    status = 409

    def __init__(self, lines: Sequence[ShortLine]) -> None:
        self.lines = tuple(lines)
        first = self.lines[0]
        super().__init__(f"Stok tidak mencukupi. Tersedia: {first.available}, diminta: {first.wanted}")

    def extra(self) -> dict[str, Any]:
        first = self.lines[0]
        return {
            "stockIssue": True,
            "availableStock": first.available,
            "requestedQuantity": first.wanted,
            "items": [
                {
                    "variantId": str(line.variant_id),
                    "sku": line.sku,
                    "name": line.name,
                    "availableStock": line.available,
                    "requestedQuantity": line.wanted,
                }
                for line in self.lines
            ],
        }


class VariantNotForSaleError(ShopError):
    """The variant does not exist or is no longer sold."""

    code = "not_for_sale"
    status = 409
    message = "Barang ini tidak lagi dijual."


class CartClosedError(ShopError):
    """The cart has become an order, or was merged into another one."""

    code = "cart_closed"
    message = "Keranjang ini sudah menjadi pesanan."


class StockRuleError(ShopError):
    """A stock service was asked for something that the books do not allow."""

    code = "stock_rule"
    message = "Perubahan stok ini tidak dapat dilakukan."


class AccountClosedError(ShopError):
    """The account was switched off, or its owner had it erased, while something waited for it."""

    code = "account_closed"
    status = 403
    message = "Akun ini sudah ditutup."
