"""Links that prove a mailbox: signed, for a while, and for one use.

A link carries the account's id and a fingerprint of what its use changes (password, e-mail, guest or not), so using it
ends it, as does any other change of these; nothing about it is stored. A newcomer's link carries what he typed, and
ends with the account that it makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac

from shop.models import User


@dataclass(frozen=True)
class Purpose:
    """What a link is for; one for one purpose is worth nothing for another."""

    salt: str
    valid_for: timedelta

    @property
    def hours(self) -> int:
        return int(self.valid_for.total_seconds()) // 3600


PASSWORD_RESET = Purpose("shop.password-reset", timedelta(hours=2))
EMAIL_CHANGE = Purpose("shop.email-change", timedelta(hours=24))
GUEST_ACCOUNT = Purpose("shop.guest-account", timedelta(hours=72))
NEW_ACCOUNT = Purpose("shop.new-account", timedelta(hours=24))


@dataclass(frozen=True)
class Newcomer:
    """Who asked for an account: nobody in the database yet. ``goal`` is where he was going."""

    email: str
    name: str
    goal: str


def make_token(purpose: Purpose, user: User, detail: str = "") -> str:
    """Return the token of a link for ``user``; ``detail`` comes back when it is read (a new e-mail address, say)."""
    return signing.dumps([user.pk, _fingerprint(purpose, user), detail], salt=purpose.salt)


def read_token(purpose: Purpose, token: str) -> tuple[User, str] | None:
    """Return whose token this is and its detail, or None for a forged, old or used one."""
    try:
        pk, fingerprint, detail = signing.loads(token, salt=purpose.salt, max_age=purpose.valid_for)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    user = User.objects.filter(pk=pk, is_active=True).first()
    if user is None or not constant_time_compare(fingerprint, _fingerprint(purpose, user)):
        return None
    return user, str(detail)


def make_newcomer_token(newcomer: Newcomer) -> str:
    """Return the token of a link with which ``newcomer`` makes his account."""
    return signing.dumps([newcomer.email, newcomer.name, newcomer.goal], salt=NEW_ACCOUNT.salt)


def read_newcomer_token(token: str) -> Newcomer | None:
    """Return who asked, or None for a forged or old token, and once its address has an account: the one use."""
    try:
        newcomer = Newcomer(*signing.loads(token, salt=NEW_ACCOUNT.salt, max_age=NEW_ACCOUNT.valid_for))
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return None if User.objects.filter(email=newcomer.email).exists() else newcomer


def _fingerprint(purpose: Purpose, user: User) -> str:
    state = f"{user.pk}|{user.password}|{user.email or ''}|{user.is_guest}"
    return salted_hmac(purpose.salt, state, algorithm="sha256").hexdigest()[:32]
