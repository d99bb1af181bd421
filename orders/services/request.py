"""What a customer asks for when ordering, in one normal form, and whether two requests are the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings

from config.errors import InvalidInputError
from orders.services.vouchers import normal_code
from shop.services.account import AddressData

MAX_KEY_LENGTH = 255


@dataclass(frozen=True)
class OrderLine:
    """Units of a variant; without ``variant_id`` the only variant of the product is meant."""

    quantity: int
    product_id: int | None = None
    variant_id: int | None = None


@dataclass(frozen=True)
class OrderRequest:
    """A request as the page or the API read it: shape checked, nothing looked up.

    Exactly one of ``address_id`` (a saved address of the customer) and ``address`` (typed) is given. ``email`` is
    where mails go; without one the account's own is used. ``expected_total`` (rupiah) is the sum on the button, when
    a person pressed one: another total is shown again instead of charged.
    """

    lines: tuple[OrderLine, ...]
    address_id: int | None = None
    address: AddressData | None = None
    email: str = ""
    shipping_method: str | None = None
    note: str = ""
    voucher_code: str = ""
    expected_total: int | None = None

    def check(self) -> None:
        """Raise InvalidInputError for what can be seen without the database."""
        if not self.lines:
            raise InvalidInputError("items", "Sebutkan paling sedikit satu barang.")
        if len(self.lines) > settings.MAX_ORDER_LINES:
            raise InvalidInputError("items", f"Paling banyak {settings.MAX_ORDER_LINES} baris.")
        for index, line in enumerate(self.lines):
            if not 1 <= line.quantity <= settings.MAX_UNITS_PER_LINE:
                raise InvalidInputError(
                    f"items[{index}].quantity",
                    f"Jumlah harus antara 1 dan {settings.MAX_UNITS_PER_LINE}.",
                )
            if line.product_id is None and line.variant_id is None:
                raise InvalidInputError(f"items[{index}].productId", "Sebutkan produk atau variannya.")

    def normalised(self) -> dict[str, Any]:
        """Return what was sent, as JSON that can be stored and compared; only fields that were given."""
        sent: dict[str, Any] = {
            "items": [
                {"productId": line.product_id, "variantId": line.variant_id, "quantity": line.quantity}
                for line in self.lines
            ],
        }
        if self.address_id is not None:
            sent["addressId"] = self.address_id
        if self.address is not None:
            sent["address"] = asdict(self.address)
        if self.email:
            sent["email"] = self.email
        if self.shipping_method is not None:
            sent["shippingMethod"] = self.shipping_method
        if self.note:
            sent["note"] = self.note
        if self.voucher_code:
            sent["voucherCode"] = normal_code(self.voucher_code)
        return sent


def same_request(sent: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    """Say whether ``sent`` repeats ``stored``: every field it sends is equal, the note aside.

    A field absent in the repetition is not compared. Lines compare as units per variant, in any order; a line that
    names only its product stands for the one variant of that product in the stored order.
    """
    for field in ("addressId", "address", "email", "shippingMethod", "voucherCode"):
        if field in sent and sent[field] != stored.get(field):
            return False
    return _units(sent["items"], stored["items"]) == _units(stored["items"], stored["items"])


def _units(lines: Iterable[Mapping[str, Any]], stored: Iterable[Mapping[str, Any]]) -> dict[Any, int]:
    by_product: dict[Any, set[Any]] = {}
    product_of: dict[Any, Any] = {}
    for line in stored:
        by_product.setdefault(line["productId"], set()).add(line["variantId"])
        product_of[line["variantId"]] = line["productId"]
    units: dict[Any, int] = {}
    for line in lines:
        variant, product = line.get("variantId"), line.get("productId")
        if variant is None:
            known = by_product.get(product, set())
            key: Any = next(iter(known)) if len(known) == 1 else ("product", product)
        elif product is not None and product_of.get(variant, product) != product:
            key = ("mismatch", product, variant)
        else:
            key = variant
        units[key] = units.get(key, 0) + line["quantity"]
    return units
