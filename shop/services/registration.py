"""A visitor becomes a member: by a link mailed to the address that he typed, never at once.

Whether an address has an account is never told to whoever asks: either way one mail leaves, after the same work, and
it says how things are to the owner of the mailbox alone. What the visitor typed besides his address does not stand in
it: nobody can have us mail his words to a stranger.
"""

from __future__ import annotations

import logging
from functools import partial

from django.db import IntegrityError
from django.urls import reverse
from django.utils.crypto import salted_hmac

from config.database import unit_of_work
from config.errors import NotFoundError
from config.models import OutgoingMail
from shop import links
from shop.emails import account_reference, queue_personal_mail
from shop.limits import mail_slot
from shop.links import Newcomer
from shop.models import User

logger = logging.getLogger(__name__)

DEAD_LINK = "Tautan ini tidak berlaku lagi. Daftar sekali lagi."


def ask_registration(newcomer: Newcomer) -> None:
    """Mail the link that makes the account; to an address that has one, that it has one. At most one in a while."""
    owner = User.objects.filter(email=newcomer.email).first()
    # Made in either case, so that the answer takes as long.
    link = reverse("shop:register_finish", args=[links.make_newcomer_token(newcomer)])
    if owner is None:
        kind, path, reference = "new_account", link, _reference(newcomer)
    else:
        kind, path, reference = "has_account", reverse("shop:login"), account_reference(owner)

    def body() -> None:
        key = f"{_digest(newcomer.email)}/{mail_slot()}"
        hours = links.NEW_ACCOUNT.hours
        queue_personal_mail(kind, to=newcomer.email, key=key, reference=reference, path=path, hours=hours)

    unit_of_work(body)
    logger.info("account.registration_asked", extra={"known": owner is not None})


def finish_registration(*, token: str, password: str) -> User:
    """Make the account of the link's owner; the link is used up. Raises NotFoundError (also for the later of two)."""
    newcomer = links.read_newcomer_token(token)
    if newcomer is None:
        raise NotFoundError(DEAD_LINK)
    try:
        return unit_of_work(partial(_make, newcomer, password))
    except IntegrityError:
        raise NotFoundError(DEAD_LINK) from None


def _make(newcomer: Newcomer, password: str) -> User:
    user = User.objects.create_user(newcomer.email, password, name=newcomer.name)
    # From now on the mails that led here are the member's: exported and forgotten with the rest.
    OutgoingMail.objects.filter(reference=_reference(newcomer)).update(reference=account_reference(user))
    return user


def _reference(newcomer: Newcomer) -> str:
    return f"daftar-{_digest(newcomer.email)}"


def _digest(email: str) -> str:
    return salted_hmac(links.NEW_ACCOUNT.salt, email, algorithm="sha256").hexdigest()[:16]
