"""A guest becomes a member: only by a link mailed to the address of his order, asked for where he placed it."""

from __future__ import annotations

import logging
from dataclasses import asdict
from functools import partial

from django.db import IntegrityError, transaction
from django.urls import reverse

from config.database import unit_of_work
from config.errors import InvalidInputError, NotFoundError
from orders.emails import queue_order_mail
from orders.models import Order
from shop import links
from shop.limits import mail_slot
from shop.locks import lock_user
from shop.models import Address, User
from shop.services.account import AddressData

logger = logging.getLogger(__name__)

TAKEN = "Alamat e-mail ini sudah punya akun. Masuk, atau buat kata sandi baru."


def ask_guest_account(*, order: Order, path_of_link: str) -> None:
    """Mail the guest of ``order`` a link to make a password; an address with an account gets another mail.

    ``path_of_link`` is the route that takes the token. Whoever asks sees the same answer either way.
    """

    def body() -> None:
        taken = User.objects.filter(email=order.email.lower()).exists()
        name = "guest_has_account" if taken else "guest_account"
        token = links.make_token(links.GUEST_ACCOUNT, order.user, str(order.pk))
        path = reverse("shop:login") if taken else reverse(path_of_link, args=[token])
        queue_order_mail(name, order, items=(), part=str(mail_slot()), path=path, hours=links.GUEST_ACCOUNT.hours)

    unit_of_work(body)


def guest_behind(token: str) -> Order | None:
    """Return the order of the guest whom the link was mailed to, or None for one that is used, old or forged."""
    found = links.read_token(links.GUEST_ACCOUNT, token)
    if found is None or not found[0].is_guest:
        return None
    return Order.objects.filter(pk=int(found[1]), user=found[0]).select_related("user").first()


def become_member(*, token: str, password: str) -> User:
    """Turn the guest into a member with the order's address as the first saved one; the link is used up.

    Raises NotFoundError (the link), InvalidInputError (the address got an account meanwhile).
    """
    try:
        return unit_of_work(partial(_become, token, password))
    except IntegrityError:
        raise InvalidInputError("email", TAKEN) from None


def _become(token: str, password: str) -> User:
    order = guest_behind(token)
    if order is None:
        raise NotFoundError("Tautan ini tidak berlaku lagi.")
    lock_user(order.user_id)
    if (order := guest_behind(token)) is None:  # two tabs: the other one was quicker
        raise NotFoundError("Tautan ini tidak berlaku lagi.")
    user = order.user
    user.is_guest, user.email, user.name, user.phone = False, order.email.lower(), order.recipient, order.phone
    user.set_password(password)
    with transaction.atomic():
        user.save()
    kept = {name: getattr(order, name) for name in asdict(AddressData(*[""] * 7))}
    Address.objects.create(user=user, is_default=True, **kept)
    logger.info("account.guest_became_member", extra={"user": user.pk})
    return user
