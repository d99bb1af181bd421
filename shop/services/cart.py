"""Carts: adding, changing, merging. Every edit locks the cart and raises its version."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from config.database import unit_of_work, violated_constraint
from config.errors import InvalidInputError
from shop.errors import CartClosedError, VariantNotForSaleError
from shop.locks import lock_cart, lock_carts
from shop.models import Cart, CartItem, CartStatus, User, Variant


def find_cart(*, user: User | None, token: str) -> Cart | None:
    """Return the open cart of a member, or the one whose token stands in the session (open or converted).

    A token alone never opens a member's cart: a session may keep it beyond the login that made it.
    """
    if user is not None:
        mine = Cart.objects.filter(user=user, status=CartStatus.OPEN).first()
        if mine is not None:
            return mine
    if not token:
        return None
    anybodys = Q(user__isnull=True) | Q(user__is_guest=True)
    whose = anybodys if user is None else anybodys | Q(user=user)
    return Cart.objects.filter(whose, token=token).exclude(status=CartStatus.MERGED).first()


def open_cart(*, user: User | None, token: str) -> Cart:
    """Return the open cart to add to, making one where there is none. Two first clicks of a member get the same one."""
    cart = find_cart(user=user, token=token)
    if cart is not None and cart.status == CartStatus.OPEN:
        return cart
    try:
        with transaction.atomic():
            return Cart.objects.create(user=user)
    except IntegrityError:
        return Cart.objects.get(user=user, status=CartStatus.OPEN)


def add_item(*, cart: Cart, variant_id: int, quantity: int) -> Cart:
    """Put ``quantity`` more units of a variant into the cart, at most ``MAX_UNITS_PER_LINE`` in all.

    Raises InvalidInputError, VariantNotForSaleError, CartClosedError.
    """
    _require_quantity(quantity)
    return unit_of_work(partial(_edit, cart.pk, variant_id, quantity, add=True))


def set_quantity(*, cart: Cart, variant_id: int, quantity: int) -> Cart:
    """Set a line to ``quantity`` units; 0 takes it out."""
    if quantity != 0:
        _require_quantity(quantity)
    return unit_of_work(partial(_edit, cart.pk, variant_id, quantity, add=False))


def _require_quantity(quantity: int) -> None:
    if not 1 <= quantity <= settings.MAX_UNITS_PER_LINE:
        raise InvalidInputError("quantity", f"Jumlah harus antara 1 dan {settings.MAX_UNITS_PER_LINE}.")


def _edit(cart_id: int, variant_id: int, quantity: int, *, add: bool) -> Cart:
    """Change one line under the cart's lock."""
    cart = _lock_open(cart_id)
    item = CartItem.objects.filter(cart=cart, variant_id=variant_id).first()
    if quantity == 0:
        if item is not None:
            item.delete()
            _touch(cart)
        return cart
    variant = Variant.objects.filter(pk=variant_id, is_active=True, product__is_active=True).first()
    if variant is None:
        raise VariantNotForSaleError(variant=variant_id)
    if item is None:
        if CartItem.objects.filter(cart=cart).count() >= settings.MAX_ORDER_LINES:
            raise InvalidInputError("items", f"Keranjang paling banyak berisi {settings.MAX_ORDER_LINES} barang.")
        CartItem.objects.create(cart=cart, variant=variant, quantity=quantity, seen_price=variant.price)
    else:
        item.quantity = min(settings.MAX_UNITS_PER_LINE, item.quantity + quantity if add else quantity)
        item.seen_price = variant.price
        item.save(update_fields=["quantity", "seen_price"])
    _touch(cart)
    return cart


def accept_changes(*, cart: Cart, quantities: dict[int, int]) -> Cart:
    """Take over today's prices and the given quantities (by variant id; 0 removes): the customer has seen them."""

    def body() -> Cart:
        locked = _lock_open(cart.pk)
        for item in CartItem.objects.filter(cart=locked).select_related("variant"):
            quantity = quantities.get(item.variant_id, item.quantity)
            if quantity <= 0:
                item.delete()
                continue
            item.quantity, item.seen_price = quantity, item.variant.price
            item.save(update_fields=["quantity", "seen_price"])
        _touch(locked)
        return locked

    return unit_of_work(body)


def merge_at_login(*, user: User, token: str) -> Cart | None:
    """Bring the visitor's cart into the member's, once. Quantities add up; the visitor's cart becomes MERGED.

    A member without an open cart gets the visitor's as it is. Returns the member's open cart, if he has one now.
    """
    if not token:
        return None
    try:
        return unit_of_work(partial(_merge, user, token))
    except IntegrityError as error:
        if violated_constraint(error) != "cart_one_open_per_user":
            raise
    # Another device of his opened a cart while this one was being given his name: now there is one to merge into.
    return unit_of_work(partial(_merge, user, token))


def _merge(user: User, token: str) -> Cart | None:
    ids = (
        Cart.objects.filter(token=token)
        .values_list("pk", flat=True)
        .union(
            Cart.objects.filter(user=user, status=CartStatus.OPEN).values_list("pk", flat=True),
        )
    )
    carts = [cart for cart in lock_carts(ids) if cart.status == CartStatus.OPEN]
    mine = next((cart for cart in carts if cart.user_id == user.pk), None)
    visitors = next((cart for cart in carts if cart.token == token and cart.user_id != user.pk), None)
    if visitors is None:
        return mine
    if visitors.user_id is not None and not User.objects.filter(pk=visitors.user_id, is_guest=True).exists():
        return mine  # somebody else's cart; a token alone does not give it away
    if mine is None:
        visitors.user = user
        visitors.save(update_fields=["user"])
        _touch(visitors)
        return visitors
    here = {item.variant_id: item for item in CartItem.objects.filter(cart=mine)}
    for item in CartItem.objects.filter(cart=visitors):
        if item.variant_id in here:
            line = here[item.variant_id]
            line.quantity = min(settings.MAX_UNITS_PER_LINE, line.quantity + item.quantity)
            line.save(update_fields=["quantity"])
        elif len(here) < settings.MAX_ORDER_LINES:
            item.pk, item.cart = None, mine
            item.save(force_insert=True)
            here[item.variant_id] = item
    Cart.objects.filter(pk=visitors.pk).update(status=CartStatus.MERGED, updated_at=timezone.now())
    _touch(mine)
    return mine


def claim_for_guest(*, cart: Cart) -> User:
    """Return the owner of a cart that is about to become an order, making a guest user under the cart's lock."""

    def body() -> User:
        locked = _lock_open(cart.pk)
        if locked.user is not None:
            return locked.user
        guest = User.objects.create_guest()
        Cart.objects.filter(pk=locked.pk).update(user=guest)
        return guest

    return unit_of_work(body)


def refill(*, user: User | None, token: str, quantities: dict[int, int]) -> Cart:
    """Copy lines (units by variant id) into the open cart, for "Pesan lagi" and "ubah"; what is not sold stays out."""
    cart = open_cart(user=user, token=token)
    sold = Variant.objects.filter(pk__in=quantities, is_active=True, product__is_active=True)
    for variant in sold:
        set_quantity(
            cart=cart, variant_id=variant.pk, quantity=min(settings.MAX_UNITS_PER_LINE, quantities[variant.pk])
        )
    return cart


def _lock_open(cart_id: int) -> Cart:
    try:
        cart = lock_cart(cart_id)
    except Cart.DoesNotExist:
        raise CartClosedError from None
    if cart.status != CartStatus.OPEN:
        raise CartClosedError(status=cart.status)
    return cart


def _touch(cart: Cart) -> None:
    Cart.objects.filter(pk=cart.pk).update(version=F("version") + 1, updated_at=timezone.now())
    cart.refresh_from_db(fields=["version"])
