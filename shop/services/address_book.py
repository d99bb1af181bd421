"""The member's saved addresses: changing, deleting, choosing the main one. Orders keep their own copies."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial

from config.database import unit_of_work
from config.errors import NotFoundError
from shop.locks import lock_user
from shop.models import Address, User
from shop.services.account import AddressData, checked_address

GONE = "Alamat ini tidak ada di akunmu."


def address_of(user: User, pk: int) -> Address:
    """Return a member's own address. Raises NotFoundError, also for anybody else's."""
    address = Address.objects.filter(user=user, pk=pk).first()
    if address is None:
        raise NotFoundError(GONE)
    return address


def change_address(*, user: User, pk: int, data: AddressData, is_default: bool) -> None:
    """Rewrite a saved address. The main one stays the main one until another is chosen.

    Raises NotFoundError, InvalidInputError.
    """
    checked = checked_address(data)

    def body() -> None:
        lock_user(user.pk)
        if not Address.objects.filter(user=user, pk=pk).update(**asdict(checked)):
            raise NotFoundError(GONE)
        if is_default:
            _make_main(user, pk)

    unit_of_work(body)


def make_main_address(*, user: User, pk: int) -> None:
    """Choose the address that checkout offers first. Raises NotFoundError."""

    def body() -> None:
        lock_user(user.pk)
        address_of(user, pk)
        _make_main(user, pk)

    unit_of_work(body)


def delete_address(*, user: User, pk: int) -> None:
    """Forget an address; if it was the main one, the oldest of the others takes its place. Raises NotFoundError."""
    unit_of_work(partial(_delete, user, pk))


def _delete(user: User, pk: int) -> None:
    lock_user(user.pk)
    was_main = address_of(user, pk).is_default
    Address.objects.filter(user=user, pk=pk).delete()
    heir = Address.objects.filter(user=user).order_by("pk").first() if was_main else None
    if heir is not None:
        _make_main(user, heir.pk)


def _make_main(user: User, pk: int) -> None:
    Address.objects.filter(user=user, is_default=True).exclude(pk=pk).update(is_default=False)
    Address.objects.filter(user=user, pk=pk).update(is_default=True)
