"""Passwords and e-mail addresses of members: forgotten, changed, proven.

Whether an address has an account is never told: what asks for a mail does the same work and gives the same answer
either way, and only the commit differs.
"""

from __future__ import annotations

import hashlib
import logging

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError
from django.urls import reverse
from django.utils.module_loading import import_string

from config.database import unit_of_work
from config.errors import InvalidInputError, NotFoundError
from config.outbox import kept_only_if
from shop import links
from shop.emails import queue_account_mail
from shop.limits import mail_slot
from shop.locks import lock_user
from shop.models import User

logger = logging.getLogger(__name__)

DEAD_LINK = "Tautan ini tidak berlaku lagi. Minta yang baru."
TAKEN = "Alamat e-mail ini tidak dapat dipakai."


def ask_password_reset(*, email: str, goal: str = "") -> None:
    """Mail a link to set a new password, if ``email`` is a member's. Takes as long, and says as little, if not.

    ``goal``, an address of this site, is where its owner was going; it travels in the link.
    """
    user = User.objects.filter(email=email.strip().lower(), is_active=True).first()

    def body() -> None:
        whom = user or _nobody(email)
        path = reverse("shop:password_set", args=[links.make_token(links.PASSWORD_RESET, whom, goal)])
        key = f"{whom.pk}/{mail_slot()}/{_short(whom.password)}"
        hours = links.PASSWORD_RESET.hours
        with kept_only_if(user is not None):
            queue_account_mail("password_reset", whom, to=whom.email or "", key=key, path=path, hours=hours)

    unit_of_work(body)
    logger.info("account.reset_asked", extra={"known": user is not None})


def _nobody(email: str) -> User:
    """Return somebody who does not exist, to do the same work for."""
    return User(pk=0, email=email.strip().lower()[:254], password=make_password(None))


def _short(password_hash: str) -> str:
    return hashlib.sha256(password_hash.encode()).hexdigest()[:8]


def set_new_password(*, token: str, password: str) -> User:
    """Set the password of the link's owner; it ends all his sessions, API tokens and links. Raises NotFoundError."""

    def body() -> User:
        user = _owner(links.PASSWORD_RESET, token)[0]
        _store_password(user, password)
        return user

    return unit_of_work(body)


def change_password(*, user: User, password: str) -> None:
    """Set a member's own password; whoever asks has shown that he knows the old one. Ends sessions and API tokens."""

    def body() -> None:
        lock_user(user.pk)
        _store_password(user, password)

    unit_of_work(body)


def _store_password(user: User, password: str) -> None:
    user.set_password(password)
    user.save(update_fields=["password"])
    path = reverse("shop:password_forgotten")
    queue_account_mail(
        "password_changed", user, to=user.email or "", key=f"{user.pk}/{_short(user.password)}", path=path
    )


def _owner(purpose: links.Purpose, token: str) -> tuple[User, str]:
    """Return the locked owner of a token as he is now, so that of two uses one wins. Raises NotFoundError."""
    found = links.read_token(purpose, token)
    if found is None:
        raise NotFoundError(DEAD_LINK)
    lock_user(found[0].pk)
    found = links.read_token(purpose, token)
    if found is None:
        raise NotFoundError(DEAD_LINK)
    return found


def ask_email_change(*, user: User, email: str) -> None:
    """Mail a link to the new address; the old one stays until it is used. Says nothing about who has that address."""
    wanted = email.strip().lower()
    if wanted == user.email:
        raise InvalidInputError("email", "Ini e-mail yang sudah kamu pakai.")
    taken = User.objects.filter(email=wanted).exists()

    def body() -> None:
        path = reverse("shop:email_confirm", args=[links.make_token(links.EMAIL_CHANGE, user, wanted)])
        key = f"{user.pk}/{mail_slot()}/{_short(wanted)}"
        with kept_only_if(not taken):
            queue_account_mail("email_change", user, to=wanted, key=key, path=path, hours=links.EMAIL_CHANGE.hours)

    unit_of_work(body)


def confirm_email_change(*, token: str) -> User:
    """Take over the address that the link went to, and tell the old one. Raises NotFoundError, InvalidInputError.

    What else is mailed to the old one belongs to apps above, and follows by the hook EMAIL_CHANGED.
    """
    follow = import_string(settings.EMAIL_CHANGED)

    def body() -> User:
        user, wanted = _owner(links.EMAIL_CHANGE, token)
        before = user.email or ""
        user.email = wanted
        user.save(update_fields=["email"])
        follow(user=user, before=before)
        key = f"{user.pk}/{_short(before + wanted)}"
        queue_account_mail("email_changed", user, to=before, key=key, path=reverse("shop:page", args=["kontak"]))
        return user

    try:
        return unit_of_work(body)
    except IntegrityError:
        raise InvalidInputError("email", TAKEN) from None
