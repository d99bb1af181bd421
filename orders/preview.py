"""What an order out of a cart would cost, as far as it is known yet: with the voucher, and shipping as estimated."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from orders.errors import VoucherRefusedError
from orders.pricing import Totals, totals
from orders.services.vouchers import Buyer, find, judge


@dataclass(frozen=True)
class VoucherPreview:
    """A code that a visitor typed. ``problem`` says why it takes nothing off as things stand."""

    code: str
    words: str = ""
    problem: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Preview:
    """The sums of now. ``has_shipping``: they include a price of shipping."""

    sums: Totals
    has_shipping: bool
    voucher: VoucherPreview | None = None

    @property
    def code(self) -> str:
        """The voucher to order with: none while it takes nothing off."""
        return self.voucher.code if self.voucher is not None and not self.voucher.problem else ""


def preview(*, subtotal: int, shipping: int | None, code: str, buyer: Buyer) -> Preview:
    """Return the sums with the voucher ``code``, which may be empty (no query then, else two at most)."""
    plain = Preview(totals(subtotal=subtotal, shipping=shipping or 0), shipping is not None)
    if not code:
        return plain
    words = ""
    try:
        voucher = find(code)
        words = voucher.rule.words
        sums = judge(voucher, buyer, subtotal=subtotal, shipping=shipping, now=timezone.now())
    except VoucherRefusedError as error:
        problem = VoucherPreview(code, words, str(error), str(error.context.get("reason", "")))
        return Preview(plain.sums, plain.has_shipping, problem)
    return Preview(sums, plain.has_shipping, VoucherPreview(code, words))
