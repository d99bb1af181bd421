"""Row locks of ``shop``, by name. One order for the whole shop:

Cart, User, Order, Payment, PaymentTransaction, Refund, Voucher, Variant by id, then its Reservations by id.

Always FOR NO KEY UPDATE: inserting a child takes KEY SHARE on its parent, and a plain FOR UPDATE deadlocks with that.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from config.rows import lock_rows
from shop.errors import AccountClosedError
from shop.models import Cart, Reservation, User, Variant


def lock_cart(pk: int) -> Cart:
    """Lock one cart. Raises Cart.DoesNotExist."""
    return Cart.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)


def lock_carts(pks: Iterable[int]) -> list[Cart]:
    """Lock several carts in id order."""
    carts = Cart.objects.select_for_update(of=("self",), no_key=True)
    return list(carts.filter(pk__in=list(pks)).order_by("pk"))


def lock_user(pk: int) -> str:
    """Lock one customer: orders of one person are placed one after the other, so that the quota holds.

    Returns his e-mail address as it stands then, empty for a guest. Raises User.DoesNotExist, and AccountClosedError
    for one who was switched off or erased while this waited.
    """
    with connection.cursor() as cursor:
        cursor.execute('SELECT "is_active", "email" FROM "shop_user" WHERE "id" = %s FOR NO KEY UPDATE', [pk])
        found = cursor.fetchone()
    if found is None:
        raise User.DoesNotExist
    if not found[0]:
        raise AccountClosedError
    return found[1] or ""


def lock_variants(pks: Iterable[int]) -> dict[int, Variant]:
    """Lock variants in id order and return them by id."""
    variants = Variant.objects.select_for_update(of=("self",), no_key=True).select_related("product")
    return {variant.pk: variant for variant in variants.filter(pk__in=list(pks)).order_by("pk")}


def lock_variants_of(reference: str, states: Iterable[str]) -> dict[int, Variant]:
    """Lock the variants of a reference's reservations in ``states``, in id order; by id, without their products."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT variant_id FROM shop_reservation WHERE reference = %s AND state = ANY(%s)",
            [reference, [str(state) for state in states]],
        )
        ids = [pk for (pk,) in cursor.fetchall()]
    return {variant.pk: variant for variant in lock_rows(Variant, "id = ANY(%s::bigint[])", [ids])} if ids else {}


def lock_reservations(reference: str) -> list[Reservation]:
    """Lock the reservations of one reference in id order. Their variants must be locked already."""
    return lock_rows(Reservation, "reference = %s", [reference])
