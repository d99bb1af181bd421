"""What changed in a cart since its owner last saw it, in words, and how it is put right."""

from __future__ import annotations

from shop.models import Cart
from shop.money import rupiah
from shop.selectors import CartLine, CartView
from shop.services.cart import accept_changes


def sentences(contents: CartView, *, done: bool) -> list[str]:
    """Return one sentence per line that is short, gone or priced anew; ``done``: the cart is changed along with it."""
    return [sentence for line in contents.lines if (sentence := _sentence(line, done=done))]


def _sentence(line: CartLine, *, done: bool) -> str:
    if not line.for_sale:
        return f"{line.name} tidak lagi dijual" + (", kami keluarkan dari keranjangmu." if done else ".")
    if line.available == 0:
        return f"{line.name} habis" + (", kami keluarkan dari keranjangmu." if done else ".")
    if line.is_short:
        changed = f", jumlahnya kami ubah dari {line.quantity} menjadi {line.available}." if done else "."
        return f"Stok {line.name} tinggal {line.available}{changed}"
    if line.price_changed:
        return f"Harga {line.name} berubah dari {rupiah(line.seen_price)} menjadi {rupiah(line.unit_price)}."
    return ""


def empties(contents: CartView) -> bool:
    """Say whether nothing would be left after ``accept``."""
    return all(line.available == 0 for line in contents.lines)


def accept(cart: Cart, contents: CartView) -> None:
    """Take over today's prices, and quantities that the stock covers; the page that follows says so."""
    accept_changes(
        cart=cart,
        quantities={line.variant.pk: min(line.quantity, line.available) for line in contents.lines},
    )
