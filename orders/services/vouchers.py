"""Vouchers: whether one counts, taking a use of it, and giving that back.

``judge`` says no without any lock, so that a page can tell in time; ``take_use`` judges again under the voucher's lock,
in the transaction of its order. The lock stands after those of orders, payments and refunds and before variants'.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac

from config.rows import rows_of
from orders.errors import VoucherRefusedError, VoucherUsedUpError
from orders.locks import lock_voucher
from orders.models import Order, Voucher, VoucherUse
from orders.models.event import EventKind
from orders.models.voucher import CODE_FORM
from orders.pricing import Totals, VoucherKind, totals
from orders.transitions import record
from shop.money import rupiah

_SALT = "orders.voucher"
_GMAIL = frozenset({"gmail.com", "googlemail.com"})
# Three conditions on three partial indexes; a customer is any of them.
_USES_SQL = """
SELECT count(*) FROM orders_voucheruse
 WHERE voucher_id = %s AND given_back_at IS NULL AND order_id <> %s
   AND (user_id = %s OR email_key = %s OR phone_key = %s)
"""


@dataclass(frozen=True)
class Buyer:
    """Who uses a voucher, as far as it is known: the account, and digests of e-mail and telephone."""

    user_id: int | None = None
    email_key: str = ""
    phone_key: str = ""

    @classmethod
    def of(cls, *, user_id: int | None, email: str, phone: str) -> Buyer:
        """Return the buyer with this account, e-mail and telephone (E.164); empty ones match nobody."""
        return cls(user_id, _digest(normal_email(email)), _digest(phone))


def normal_code(text: str) -> str:
    """Return a code as it is stored, whatever was typed: in capitals, without blanks."""
    return "".join(text.split()).upper()


def normal_email(email: str) -> str:
    """Return the mailbox behind an address: in small letters, without ``+tag``, and for Gmail without dots."""
    name, at, domain = email.strip().lower().partition("@")
    name = name.partition("+")[0]
    if domain in _GMAIL:
        return f"{name.replace('.', '')}{at}gmail.com"
    return f"{name}{at}{domain}"


def _digest(text: str) -> str:
    return salted_hmac(_SALT, text, algorithm="sha256").hexdigest() if text else ""


def find(code: str) -> Voucher:
    """Return the voucher with this code, however it was typed. Raises VoucherRefusedError."""
    wanted = normal_code(code)
    found = rows_of(Voucher, "code = %s", [wanted]) if re.fullmatch(CODE_FORM, wanted) else []
    if not found:
        raise VoucherRefusedError(reason="unknown")
    return found[0]


def judge(voucher: Voucher, buyer: Buyer, *, subtotal: int, shipping: int | None, now: datetime) -> Totals:
    """Return the sums of an order with this voucher. Raises VoucherRefusedError and VoucherUsedUpError.

    Without ``shipping`` (not chosen yet) a voucher that pays for it takes nothing off so far.
    """
    _require_valid(voucher, subtotal, now)
    if voucher.is_used_up:
        raise VoucherUsedUpError(reason="used_up")
    if _has_had_enough(voucher, buyer):
        raise VoucherUsedUpError("Kamu sudah memakai voucher ini.", reason="customer_limit")
    found = totals(subtotal=subtotal, shipping=shipping or 0, rule=voucher.rule)
    waits = shipping is None and voucher.kind == VoucherKind.SHIPPING
    if not found.discount and not waits:
        raise VoucherRefusedError("Voucher ini tidak mengurangi apa pun pada pesanan ini.", reason="no_effect")
    return found


def _require_valid(voucher: Voucher, subtotal: int, now: datetime) -> None:
    """Judge what does not depend on others' orders."""
    if not voucher.is_active:
        raise VoucherRefusedError(reason="inactive")
    if now < voucher.starts_at:
        begins = timezone.localtime(voucher.starts_at)
        raise VoucherRefusedError(f"Voucher ini baru berlaku mulai {begins:%d-%m-%Y, %H.%M} WIB.", reason="not_started")
    if voucher.ends_at is not None and now >= voucher.ends_at:
        raise VoucherRefusedError("Masa berlaku voucher ini sudah lewat.", reason="ended")
    if subtotal < voucher.min_subtotal:
        missing = rupiah(voucher.min_subtotal - subtotal)
        raise VoucherRefusedError(
            f"Belanja {missing} lagi untuk memakai {voucher.code}: minimal {rupiah(voucher.min_subtotal)}.",
            reason="minimum",
        )


def _has_had_enough(voucher: Voucher, buyer: Buyer, *, besides: int = 0) -> bool:
    """Say whether the customer's uses (those of the order ``besides`` aside) reach his limit."""
    if voucher.customer_limit is None:
        return False
    with connection.cursor() as cursor:
        keys = (buyer.email_key or None, buyer.phone_key or None)  # what is not known equals nothing
        cursor.execute(_USES_SQL, [voucher.pk, besides, buyer.user_id, *keys])
        return bool(cursor.fetchone()[0] >= voucher.customer_limit)


def take_use(order: Order, voucher: Voucher, buyer: Buyer) -> None:
    """Record that a new order uses ``voucher``, in the order's transaction.

    Locks the voucher and judges it once more as it stands now. Raises VoucherRefusedError, VoucherUsedUpError, and
    also when its rule was changed since the order was priced.
    """
    locked = lock_voucher(voucher.pk)
    found = judge(locked, buyer, subtotal=order.subtotal, shipping=order.shipping_cost, now=order.created_at)
    if found.discount != order.discount:
        raise VoucherRefusedError("Voucher ini baru saja diubah. Periksa lagi sebelum memesan.", reason="changed")
    VoucherUse.objects.create(
        voucher=locked,
        order=order,
        user_id=order.user_id,
        email_key=buyer.email_key,
        phone_key=buyer.phone_key,
        amount=order.discount,
        used_at=order.created_at,
    )
    _count(locked, +1)


def give_use_back(order: Order) -> None:
    """Let others have the use of a locked order that is closed; a second call does nothing."""
    use = _use_of(order)
    if use is None or use.given_back_at is not None:
        return
    voucher = lock_voucher(use.voucher_id)
    VoucherUse.objects.filter(pk=use.pk).update(given_back_at=timezone.now())
    if not use.over_limit:
        _count(voucher, -1)


def take_use_again(order: Order) -> None:
    """Take the use of a locked order that late money revives.

    Its customer has paid the price with the discount, so that price stands: when no use is left (for anybody, or for
    him), this one is recorded as over the limit, and the order's history says so.
    """
    use = _use_of(order)
    if use is None or use.given_back_at is None:
        return
    voucher = lock_voucher(use.voucher_id)
    buyer = Buyer(use.user_id, use.email_key, use.phone_key)
    over = voucher.is_used_up or _has_had_enough(voucher, buyer, besides=order.pk)
    VoucherUse.objects.filter(pk=use.pk).update(given_back_at=None, over_limit=over)
    if over:
        reason = f"voucher {voucher.code} dipakai melebihi batasnya: pesanan dibayar terlambat"
        record(order, EventKind.NOTE, actor="system", reason=reason, data={"voucher": voucher.code})
    else:
        _count(voucher, +1)


def _use_of(order: Order) -> VoucherUse | None:
    """Return the use of an order; no query for one without a voucher. The order's lock keeps it still."""
    return VoucherUse.objects.filter(order=order).first() if order.voucher_code else None


def _count(voucher: Voucher, step: int) -> None:
    """Move the count of a locked voucher, by what stands in the row: so its constraint guards the limit as well."""
    Voucher.objects.filter(pk=voucher.pk).update(used=F("used") + step)
